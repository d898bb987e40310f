"""The names that tasks are told in."""

PEOPLE = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kira",
    "Luis", "Mona", "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tara",
)  # fmt: skip
GOODS = (
    "apples", "bolts", "candles", "desks", "envelopes", "forks", "gloves", "hinges", "inks", "jars",
    "kettles", "lamps", "mugs", "nails", "ovens", "pens", "quilts", "ropes", "stools", "tiles",
)  # fmt: skip
SERVICES = (
    "archive", "billing", "calendar", "directory", "export", "forms", "gallery", "helpdesk",
    "import", "jobs", "kiosk", "ledger", "mail", "news", "orders", "payroll", "queue", "reports",
    "search", "tickets",
)  # fmt: skip
EVENTS = (
    "the roof was repaired", "the old pump was sold", "a fox came into the yard",
    "the bridge was closed", "the choir sang at noon", "two letters were lost",
    "the well ran dry", "a new clock was hung", "the market moved indoors",
    "the ferry was late", "somebody painted the gate", "the archive was locked",
    "a stranger asked for the key", "the lamps were changed", "the boiler failed",
    "the school had visitors", "a map was found in the attic", "the baker was ill",
    "the snow blocked the road", "the bells were tuned",
)  # fmt: skip
