"""CloudStack's own records, fetched often because CloudStack forgets them: async jobs, events, alerts."""
