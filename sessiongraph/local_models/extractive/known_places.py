"""Countries, and cities and regions that are much spoken of, in lower case.

Those that are as common as a person's name are left out (Sofia, Victoria, Florence).
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split(","))


PLACES = _names(
    """
    aberdeen, abu dhabi, accra, addis ababa, adelaide, afghanistan, africa, alaska, albania, alberta, algeria,
    algiers, america, amsterdam, andorra, angola, ankara, antarctica, antwerp, argentina, arizona, armenia, asia,
    athens, atlanta, auckland, australia, austria, azerbaijan, baghdad, bahrain, baku, bangalore, bangkok,
    bangladesh, barcelona, basel, bavaria, beijing, beirut, belarus, belfast, belgium, belgrade, belize, benin,
    bergen, berlin, bern, bhutan, bilbao, birmingham, bogotá, bolivia, bologna, bonn, bordeaux, bosnia, boston,
    botswana, bratislava, brazil, bremen, brisbane, bristol, british columbia, brittany, brno, brunei, brussels,
    bucharest, budapest, buenos aires, bulgaria, burundi, cairo, calgary, california, cambodia, cambridge, cameroon,
    canada, canberra, cape town, caracas, cardiff, casablanca, catalonia, chicago, chile, china, cologne, colombia,
    colorado, connecticut, copenhagen, cork, cornwall, corsica, costa rica, crete, croatia, cuba, cyprus, dakar,
    dallas, damascus, delhi, denmark, denver, detroit, dhaka, doha, dortmund, dresden, dubai, dublin, dundee,
    durban, düsseldorf, ecuador, edinburgh, egypt, england, eritrea, essen, estonia, ethiopia, europe, fiji,
    finland, florida, france, frankfurt, gabon, galway, gambia, gdansk, geneva, genoa, germany, ghana, ghent,
    glasgow, gothenburg, granada, graz, greece, greenland, grenoble, guatemala, guinea, guyana, haiti, hamburg,
    hanoi, hanover, havana, hawaii, heidelberg, helsinki, honduras, hong kong, houston, hungary, iceland, idaho,
    illinois, india, indiana, indonesia, innsbruck, iowa, iran, iraq, ireland, israel, istanbul, italy, izmir,
    jakarta, jamaica, japan, jerusalem, johannesburg, kabul, kampala, kansas, karachi, kathmandu, kazakhstan,
    kentucky, kenya, kiel, kiev, kigali, kinshasa, kosovo, krakow, kuwait, kyiv, kyoto, lagos, lahore, laos, las
    vegas, latvia, lausanne, lebanon, leeds, leipzig, liberia, libya, liechtenstein, lille, lima, limerick, linz,
    lisbon, lithuania, liverpool, ljubljana, lodz, london, los angeles, louisiana, luanda, lusaka, luxembourg, lyon,
    madagascar, madrid, maine, malaga, malawi, malaysia, mali, malmö, malta, manchester, manila, mannheim, maputo,
    marburg, marrakesh, marseille, maryland, massachusetts, mauritius, melbourne, memphis, mexico, miami, michigan,
    milan, milwaukee, minneapolis, minnesota, minsk, mississippi, missouri, moldova, mombasa, monaco, mongolia,
    montana, montenegro, montevideo, montreal, morocco, moscow, mozambique, mumbai, munich, myanmar, münster,
    nagoya, nairobi, namibia, nantes, naples, nebraska, nepal, netherlands, nevada, new delhi, new hampshire, new
    jersey, new mexico, new orleans, new york, new zealand, newcastle, nicaragua, nice, niger, nigeria, normandy,
    north america, north carolina, norway, nottingham, nuremberg, odense, odessa, ohio, oklahoma, oman, ontario,
    oregon, osaka, oslo, ostend, ottawa, oxford, padua, pakistan, palermo, palestine, panama, paraguay, paris,
    patagonia, pennsylvania, perth, peru, philadelphia, philippines, phoenix, pisa, pittsburgh, poland, portland,
    porto, portugal, potsdam, prague, pretoria, provence, qatar, quebec, queensland, quito, reykjavik, rhode island,
    riga, rio de janeiro, riyadh, romania, rome, rostock, rotterdam, russia, rwanda, salzburg, san diego, san
    francisco, san jose, santiago, sao paulo, sapporo, sarajevo, sardinia, saudi arabia, scandinavia, scotland,
    seattle, senegal, seoul, serbia, seville, shanghai, sheffield, shetland, siberia, sicily, singapore, skopje,
    slovakia, slovenia, somalia, south africa, south america, south carolina, south korea, spain, split, sri lanka,
    stavanger, stockholm, strasbourg, stuttgart, sudan, suriname, sweden, switzerland, sydney, syria, são paulo,
    taipei, taiwan, tallinn, tampere, tanzania, tartu, tashkent, tasmania, tbilisi, tehran, tel aviv, tennessee,
    texas, thailand, the hague, thessaloniki, tirana, togo, tokyo, toronto, toulouse, trieste, tromsø, trondheim,
    tunis, tunisia, turin, turkey, turku, tuscany, tyrol, uganda, uk, ukraine, united kingdom, united states,
    uppsala, uruguay, usa, utah, utrecht, uzbekistan, valencia, vancouver, venezuela, venice, vermont, verona,
    vienna, vietnam, vilnius, wales, warsaw, washington, wellington, winnipeg, wisconsin, wyoming, yemen, yerevan,
    yokohama, york, yorkshire, zagreb, zambia, zanzibar, zimbabwe, zurich, zürich
    """
)
