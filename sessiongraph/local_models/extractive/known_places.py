"""Countries, and cities and regions that are much spoken of, in lower case, beside those of WordNet (`wordnet.PLACES`).

They are spelled otherwise there, or are given names as well. Those that are as common as a person's name are left out
(Sofia, Victoria, Florence).
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split(","))


PLACES = _names(
    """
    adelaide, alberta, america, arizona, asia, atlanta, basel, bergen, berlin, bilbao, bogotá, bolivia, bologna,
    boston, brazil, bristol, brittany, chile, china, cologne, cork, crete, cuba, dallas, denver, dundee,
    düsseldorf, florida, france, geneva, guinea, heidelberg, houston, india, indiana, ireland, israel, japan,
    kenya, kiel, kyiv, limerick, london, louisiana, malmö, manila, marburg, marseille, melbourne, memphis,
    milan, missouri, montana, morocco, münster, nevada, nottingham, odense, odessa, oman, ostend, oxford, paris,
    phoenix, rome, santiago, shanghai, split, sydney, são paulo, tennessee, texas, trieste, tromsø, turkey,
    turku, uk, usa, valencia, venice, verona, washington, wellington, york, zürich
    """
)
