"""The words that tell of what type a name is (`name_types`): what only persons do, companies are called, places have.

Sets of lower-case lemmas, nothing else.
"""

from sessiongraph.local_models.extractive.lexicon import words

# What only a person does, beside what WordNet tells of the body, feelings and ways to move (`wordnet.OF_PERSONS`).
OF_PERSONS_ALONE = words(
    """abstain adopt attend bake bear borrow chair climb cook cry dance die disagree dream fear forget graduate hear
    hike hope hug kneel knit know like limp live marry miss move murmur mutter nod paint prefer recognise
    recognize recover remember resign retire ride score sew shout sing sit speak stand study swim talk teach
    think travel visit wait walk whisper wish wonder work"""
)
# What persons do, and organizations, beside `wordnet.OF_SOMEBODY`: "closed the shop".
ACTIONS = words(
    """agree announce apologise beat become blame break bring burn call cancel care carry cater charge check clean
    cleanse close confirm crash cure cut deliver draw drop elicit explain exploit fall feed fine finish fix
    follow give go grow help hurt insist join keep launch lead leave lend lose make meet mention merge mine
    mislead move need offer open pack pass play prepare present produce publish quit raise recall receive
    refund regret release report represent return reuse run say sell send serve ship start sue suggest take
    tell want wear worry"""
)
# Of these, what organizations do rather than persons.
OF_MAKERS = words(
    "make offer sell deliver produce launch publish cancel announce recall fine mislead sue release ship charge refund"
)
# Said of what somebody said: "…," whispered Selma.
SPEECH = words("say whisper reply shout answer cry mutter murmur ask explain add call exclaim repeat sigh laugh")
# What a thing does and no person, beside `wordnet.OF_THINGS`.
VERBS_OF_THINGS = words("contain cost fit hold last measure require store support sync weigh")
# What a company does rather than a person.
OF_COMPANIES = words("employ manufacture produce distribute acquire")
# What is done with a company and with nothing else that has a name.
WITH_COMPANIES = words("found co-found cofound establish acquire headquarter")
# How one gets into a company and out of it.
JOINING = words("join quit")
# What one does with somebody.
WITH_PERSONS = words("marry meet teach hug kiss invite recognise recognize congratulate interview")
# What one does with somebody, a person or an organization.
WITH_SOMEBODY = words(
    """hire phone thank speak talk write ask tell contact email call inform pay sue fine remind notify warn answer reply
    complain trust"""
)
# Of these, what one does as a customer or in business.
DEALING = words("contact hire pay sue fine inform notify")
# Of these, what has as its object what is said: "speaks Welsh".
SAYING = words("speak talk write complain answer reply")
# What one does with a thing.
WITH_THINGS = words(
    """buy use install read download replace wear eat drink drive order accept choose open watch play learn launch
    release sail cook"""
)
# What is done with things: "is made of steel".
DONE_TO_THINGS = words("make sell test build ship design produce store launch publish manufacture refrigerate")
# What one has that no thing has.
OF_PERSONS = words("birthday house home room wife life job hand face mind idea name talk voice death wedding bed")
OF_SOMEBODY = words(
    """ill sick happy blind deaf married afraid pregnant allergic vegan vegetarian divorced retired asleep away tired
    sad angry proud late absent"""
)
# A company's words at the end of its name.
COMPANY_WORDS = words(
    """gmbh ltd limited inc corp corporation llc plc ag ab oy as co kg bv sa spa srl group holding holdings labs
    pharma foods airlines airways motors records books press partners systems solutions technologies robotics
    electronics optics industries society institute academy foundation association federation museum gallery fc
    united athletic steel bank bakery brewery clinic hospital council ministry agency guild data club orchestra
    choir shipping energy logistics insurance studios media capital ventures consulting sons brothers university
    college design interiors cycles party commission army ferries hotel library theatre theater print
    travel tours courier herald gazette tribune chronicle"""
) - words("as data books")
# A company's words at the beginning of its name.
COMPANY_BEGINNINGS = words(
    """team studio university université universität bank banque banco club stadtwerke radio galerie elektro brauerei
    stahlbau textilwerk real atlético fc sporting dynamo banca brauhaus optik autohaus druckerei spedition verlag
    hotel ferrovia ferrovie bäckerei apotheke libreria librairie boulangerie imprimerie editorial cooperativa"""
)
# What a noun in lower case stands for that is no kind of thing but does business.
BUSINESSES = words(
    """supplier client customer competitor employer retailer insurer manufacturer carrier operator sponsor partner
    chain maker subsidiary producer contractor broker vendor steelmaker
    provider distributor lender importer exporter shipper wholesaler caterer brewer buyer seller processor"""
)
# What WordNet does not tell of animals and storms, which have names; and what it takes for troops or for a business.
THINGS = words(
    """pet donkey turtle storm hurricane cyclone typhoon battery switchboard monorail subway metro underground
    funicular"""
)
# What may be a person as well as a device, or as well a place as nothing that one can be in.
UNCLEAR = words(
    """speaker player reader tracker planter viewer runner planner organizer organiser peeler shaver fan counter
    position end side center centre point top bottom job source line base level track field unknown plant star art
    draw common wild rough flat patch steep pike grill setting short depression climb rapid shallow stable pit tee
    elevated dive joint outlet alignment friendly hostile nick combo enemy major minor eleven collective rival
    member winner"""
)
# What stands at the end of names of other things as well: "Google Home".
UNCLEAR_AT_END = words("home office house bar market field end point top bank plant")
# How nouns end that are no word by themselves, and of what type those are.
TYPE_OF_ENDING = (
    *((ending, "Organization") for ending in ("maker", "works")),
    *((ending, "Person") for ending in ("smith", "man", "woman", "keeper", "worker", "owner", "leader", "ist")),
)
# How a name of one word ends that is a company's.
COMPANY_ENDINGS = ("bank", "tech", "soft", "pharma", "werk", "werke", "corp", "labs")
# Who writes that is no person.
DEPARTMENTS = words(
    """support service services desk team office sales billing reception orders department helpdesk info news accounts
    booking bookings shop store bot marketing accounting hr personnel legal"""
)
# How these verbs take data from a program and into one: "export it from Bolt".
OF_DATA = words("import export upload save sync log paste copy")
STREETS = words(
    """street road lane avenue square alley boulevard drive bridge valley hill harbour harbor island station cross
    grange gate church chapel cathedral tower castle abbey"""
)
STREET_ENDINGS = ("strasse", "straße", "gasse", "veien", "gatan", "straat")
PLACE_BEGINNINGS = words(
    """lake mount mt ben cape camp port fort river rue via calle carrer avenida plaza piazza praça bistro villa
    château chateau schloss gasthof monte isla isola île insel ilha lago lac loch lough puerto playa praia bad"""
)
# How the name of one of several like products ends.
PRODUCT_ENDINGS = words("pro plus mini max lite go kids app suite cloud premium basic")
# What is told apart by a number or a letter, and has no name by that.
NUMBERED = words("hall room gate platform building terminal dock route line bus step section exit")
STORMS = words("storm hurricane cyclone typhoon")
# What rivers and lakes do.
OF_WATERS = words("flow flood burst")
# How many of these there are is told of a house or a club: "has 40 seats".
CAPACITIES = words("place seat bed space table member")
OFFICES = words("office branch airport harbour harbor station plant factory warehouse region area coast suburb")
# What is of a place: "the mayor of Tarlow".
OF_PLACES = words(
    """harbour mayor government city town village capital airport port zoo people citizens north south east west island
    streets outskirts parts coast residents inhabitants people population region district state university kingdom
    republic province king queen hall school market square station beach"""
)
MOVING = words(
    """move go travel fly drive sail walk leave return flight trip journey emigrate run train come relocate head ride
    ferry gone arrive ship deliver route bus march flee take parcel way road path"""
)
# What takes one somewhere, and the going there: "the bus to Lodz", "flights between Lodz and Graz".
VEHICLES = words("bus train tram ferry ship boat plane coach metro")
RIDES = VEHICLES | words("flight trip journey road path route way motorway railway ride")
BY_COMPANIES = words("make launch publish produce release sell manufacture operate distribute build ship own develop")
BY_PERSONS = words(
    "write translate design paint sign compose direct invent sing draw illustrate hide teach look photograph edit fix"
)
AT_COMPANIES = words(
    "work job start deal contract sign employ intern merger merge partnership agreement negotiate negotiation interview"
)
# What one has in a company: "shares in Bolt".
HOLDINGS = words("share stake shareholder investor")
# What is told of a company: "who owns Bolt?"
OWNING = words("own run manage")
# Whom one does it with is mostly a person, though a company's.
CONVERSING = words("speak talk chat")
# What there is of a program: "the beta of Bolt".
OF_SOFTWARE = words("version beta release update")
# At what one learns, or is taught.
LEARNING = words("learn study teach train lecture enrol enroll graduate volunteer")
# What comes from a company: "the keys from Oracle".
FROM_COMPANIES = words(
    "parcel order invoice licence license bill delivery software shipment quote offer technician key"
)
# How a company carries what it is given.
SENDING = words("ship deliver dispatch")
# What one does to get something from a company, and to let somebody have it.
OBTAINING = words("buy get order rent download borrow hire lease book purchase obtain")
# What one sends to somebody.
LETTERS = words("letter mail email note report reply answer message call invoice gift offer question thanks debt")
GIVING = words("send give lend sell report show offer hand forward belong")
PAYING = words("pay work")
OF_BUSINESSES = words(
    """share stake customer employee staff ceo cfo cto shareholder subsidiary supplier branch founder co-founder head
    boss director owner chairman spokesman spokeswoman spokesperson auditor headquarters offer quote contract ferry
    bus plane"""
)
# What stands behind the name of a company: "Kinderwelt store".
BY_NAME_OF_COMPANY = words("store shop share customer employee staff ceo boss founder spokesman spokeswoman")
# Before a name these are as often of a place as of anything else.
PLACE_PREPOSITIONS = words(
    "from to between of through across via around outside towards within into near in beyond past"
)
