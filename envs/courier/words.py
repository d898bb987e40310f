"""Every name and phrase that a town is made of. Order matters: a town is drawn by index from these."""

POST_HOUSE = "Post House"

TOWNS = (
    "Aldermouth",
    "Brindle Quay",
    "Candlewick",
    "Dunmere",
    "Eastwater",
    "Fallow Bridge",
    "Gannet Bay",
    "Hollowell",
    "Larkstead",
    "Marlow Sands",
)

# Each with what is seen there at the first visit and at every look.
PLACES = (
    ("Old Mill", "Flour dust lies on every sill, and the wheel groans."),
    ("Ferry Landing", "Wet ropes coil on the planks; the ferry is out."),
    ("Glass Market", "Rows of green bottles throw light on the stalls."),
    ("Bell Tower", "The stairs wind up out of sight, worn in the middle."),
    ("Fish Stairs", "Steep steps, silver with scales, lead to the water."),
    ("Willow Yard", "An old willow fills the yard and brushes your hat."),
    ("Salt Store", "White sacks are piled to the beams. Your lips taste of it."),
    ("Iron Gate", "The town's oldest gate stands open, too rusty to shut."),
    ("Copper Lane", "Hammers ring behind every door of the narrow lane."),
    ("Rose Court", "Somebody has trained a single rose around all four walls."),
    ("Chapel Green", "Geese graze between the graves and mind nobody."),
    ("Lantern Bridge", "Nine lanterns hang over the slow brown river."),
    ("Tannery Row", "You smell the row before you see it."),
    ("Well Square", "People queue at the well and talk more than they draw."),
    ("Orchard End", "The last house leans into rows of apple trees."),
    ("Harbour Steps", "Gulls quarrel over a broken crate."),
    ("Smoke Alley", "Hams hang in the chimneys, and the alley is grey."),
    ("Quarry Road", "Carts have cut two deep grooves into the stone."),
    ("Cider House", "Barrels stand about like guests who will not leave."),
    ("Clock Corner", "Three clocks on three walls tell three times."),
    ("Weaver Street", "Looms clatter upstairs; thread drifts in the air."),
    ("Almond Walk", "Two rows of almond trees meet overhead."),
    ("Gull Point", "The wind never drops here, and nobody wears a hat."),
    ("Signal Hill", "From the mast on the hill you can see every roof."),
    ("Hay Barn", "It is warm and dim and full of swallows."),
    ("Ink Passage", "The walls are black with a century of printers' thumbs."),
    ("Winter Garden", "Palms press against the panes of the glass hall."),
    ("Stone Circus", "Stone lions sit in a ring and look bored."),
    ("Dove House", "A thousand pigeonholes, and a voice from each."),
    ("Kiln Field", "The kilns still glow, and the grass is scorched."),
    ("Marsh Path", "Planks laid on reeds sink a little at each step."),
    ("Silver Arcade", "Shop windows face each other across a tiled hall."),
    ("Baker's Steps", "The steps are warm: the ovens lie underneath."),
    ("Customs Shed", "Chests and crates wait for a stamp that never comes."),
    ("Mirror Pond", "The pond shows the town upside down, and tidier."),
    ("Long Cellar", "Your steps come back to you from the far end."),
)

# The hours, an equal share of a day each; one line of the present hour is seen at each arrival.
DAY_STEPS = 96
HOURS = (
    (
        "Shutters open one by one.",
        "The street is still wet from the night.",
        "Somebody is sweeping a doorstep.",
        "A cock crows, late and sure of itself.",
        "Mist hangs between the houses.",
        "A milk cart rattles past.",
    ),
    (
        "The sun stands high.",
        "Children chase a hoop past you.",
        "A dog sleeps in the only shade.",
        "Washing flaps overhead.",
        "Someone practises the same three notes.",
        "A cart blocks the way, then does not.",
    ),
    (
        "The light turns yellow.",
        "Supper smells come from the windows.",
        "Swifts scream around the chimneys.",
        "Two old men argue over a board game.",
        "The day's last cart rolls home.",
        "A window bangs in the wind.",
    ),
    (
        "The lamps are lit.",
        "A cat watches you from a wall.",
        "You hear your own steps.",
        "Somewhere a door is bolted.",
        "The moon is out, and nobody else.",
        "A watchman calls the hour.",
    ),
)

NAMES = (
    "Ada", "Agnes", "Alma", "Anton", "Basil", "Bea", "Bram", "Cleo", "Clara", "Cyril", "Dora",
    "Edda", "Edgar", "Elsa", "Emil", "Enid", "Felix", "Flora", "Frank", "Gilda", "Greta", "Gus",
    "Hattie", "Helga", "Hugo", "Ida", "Igor", "Ines", "Jonas", "Josef", "Julia", "Kaja", "Lena",
    "Leo", "Liza", "Lotte", "Louis", "Mabel", "Magnus", "Marta", "Milo", "Minna", "Nora", "Odo",
    "Olga", "Oscar", "Otto", "Paula", "Pia", "Quentin", "Rita", "Rolf", "Rosa", "Rufus", "Selma",
    "Silas", "Sonja", "Stella", "Theo", "Tilda", "Tobias", "Ulla", "Vera", "Viktor", "Wilma",
    "Xenia", "Yves", "Zoe",
)  # fmt: skip

TRADES = (
    "baker", "barber", "basketmaker", "beekeeper", "bellfounder", "bookbinder", "brewer",
    "butcher", "candlemaker", "carpenter", "cartwright", "clockmaker", "cobbler", "cooper",
    "cutler", "dentist", "dyer", "engraver", "fiddler", "florist", "furrier", "gardener",
    "gilder", "glazier", "goldsmith", "hatter", "herbalist", "innkeeper", "jeweller",
    "lacemaker", "lamplighter", "locksmith", "mapmaker", "mason", "midwife", "miller",
    "organist", "painter", "papermaker", "perfumer", "plumber", "potter", "printer",
    "puppeteer", "roofer", "ropemaker", "saddler", "sailmaker", "scribe", "sexton",
    "soapmaker", "surgeon", "tailor", "tanner", "toymaker", "undertaker", "weaver",
)  # fmt: skip

MATERIALS = (
    "bone", "brass", "cedar", "clay", "copper", "crystal", "felt", "glass", "iron", "ivory",
    "jade", "leather", "linen", "marble", "oak", "paper", "pewter", "silk", "silver", "tin",
    "velvet", "wax", "wicker", "wool",
)  # fmt: skip

THINGS = (
    "bell", "box", "brush", "button", "clasp", "comb", "compass", "crown", "cup", "doll", "fan",
    "flute", "frame", "globe", "horn", "kettle", "key", "lamp", "mask", "mirror", "pipe",
    "plate", "purse", "ring", "spoon", "star", "thimble", "tray", "vase", "whistle",
)  # fmt: skip

# What people give out as their word: sorted, as lists of commands are.
WORDS = (
    "amber", "anvil", "beacon", "bramble", "cinder", "clover", "comet", "coral", "ember",
    "falcon", "fennel", "garnet", "hazel", "heron", "indigo", "juniper", "kestrel", "lichen",
    "lotus", "magpie", "marigold", "nettle", "nutmeg", "onyx", "orchid", "otter", "pepper",
    "plover", "quartz", "quill", "saffron", "sorrel", "sparrow", "thistle", "tulip", "umber",
    "violet", "walnut", "yarrow", "zephyr",
)  # fmt: skip

# What somebody may say of another, and how a label then names that other.
TIES = (
    ("I learned all I know from {other}", "the one who taught {person}"),
    ("I owe money to {other}", "the one to whom {person} owes money"),
    ("It was {other} who pulled me out of the river", "the one who pulled {person} out of the river"),
    ("My landlord is {other}", "the landlord of {person}"),
    ("I have not spoken to {other} in years", "the one to whom {person} does not speak"),
    ("I named my parrot after {other}", "the one after whom the parrot of {person} is named"),
)  # fmt: skip
