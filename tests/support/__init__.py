"""What the tests share: people, clouds, servers, browsers."""
