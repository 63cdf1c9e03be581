"""Names that a cloud's tenants, machines and networks really have."""

COMPANIES = (
    "acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell", "cyberdyne", "soylent",
    "wonka", "aperture", "massive", "vandelay", "duff", "oscorp", "gringotts", "monarch", "weyland", "octan",
    "sirius", "virtucon", "nakatomi", "bluth",
)  # fmt: skip
TEAMS = ("dev", "prod", "staging", "data", "web", "ops", "qa", "edge")
ROLES = (
    "web", "app", "db", "cache", "worker", "api", "queue", "ci", "bastion", "search", "mail", "node", "batch",
    "proxy",
)  # fmt: skip
PEOPLE = (
    ("alice", "Alice", "Ng"),
    ("bob", "Bob", "Keller"),
    ("chidi", "Chidi", "Okoye"),
    ("dana", "Dana", "Novak"),
    ("erik", "Erik", "Lund"),
    ("fatima", "Fatima", "Haddad"),
    ("goran", "Goran", "Petrović"),
    ("hana", "Hana", "Sato"),
    ("ines", "Inês", "Duarte"),
    ("jonas", "Jonas", "Weber"),
    ("kemal", "Kemal", "Öztürk"),
    ("lucia", "Lucía", "Vega"),
    ("marta", "Marta", "Okafor"),
    ("nils", "Nils", "Berg"),
    ("olga", "Olga", "Ivanova"),
    ("piotr", "Piotr", "Zając"),
)
# Name, vCPU, MHz, MiB, share of VMs in percent, host tags.
OFFERINGS = (
    ("tiny-1x1", 1, 1000, 1024, 30, None),
    ("small-1x2", 1, 1500, 2048, 28, None),
    ("medium-2x4", 2, 1500, 4096, 24, None),
    ("large-4x8", 4, 1500, 8192, 12, None),
    ("gold-4x16", 4, 2000, 16384, 5, "gold"),
    ("huge-8x32", 8, 2000, 32768, 1, None),
)
# Name, guest OS, GiB of its root disk, share of VMs in percent.
TEMPLATES = (
    ("Ubuntu 24.04", "Ubuntu 24.04 LTS", 10, 40),
    ("Debian 12", "Debian GNU/Linux 12 (64-bit)", 8, 30),
    ("Rocky Linux 9", "Rocky Linux 9", 10, 20),
    ("Windows Server 2022", "Windows Server 2022 (64-bit)", 40, 10),
)
