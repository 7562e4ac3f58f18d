"""List the regions of the data: their codes, names and files of shapes."""

from typing import NamedTuple


class Region(NamedTuple):
    """One first-level region: ISO 3166-2 code, names, and its file in the 2020 borders."""

    iso: str
    name: str
    name_en: str
    name_uk: str
    name_ru: str
    shape: str

    @property
    def country(self) -> str:
        """ISO 3166-1 alpha-2 code."""
        return self.iso[:2]

    @property
    def country_en(self) -> str:
        """English name of the country."""
        return COUNTRY_NAMES[self.country][0]

    @property
    def country_uk(self) -> str:
        """Ukrainian name of the country."""
        return COUNTRY_NAMES[self.country][1]

    @property
    def country_ru(self) -> str:
        """Russian name of the country."""
        return COUNTRY_NAMES[self.country][2]


ZONES = {"UA": "Europe/Kyiv", "RU": "Europe/Moscow", "BY": "Europe/Minsk"}
COUNTRY_NAMES = {
    "UA": ("Ukraine", "Україна", "Украина"),
    "RU": ("Russia", "Росія", "Россия"),
    "BY": ("Belarus", "Білорусь", "Беларусь"),
}
COUNTRIES = {"UA": "Ukraine_", "RU": "Russia_", "BY": "Belarus_"}

REGIONS = (
    Region("UA-74", "Chernihiv", "Chernihiv Oblast", "Чернігівська область",
           "Черниговская область", "Ukraine_Chernihiv Oblast"),
    Region("UA-59", "Sumy", "Sumy Oblast", "Сумська область",
           "Сумская область", "Ukraine_Sumy Oblast"),
    Region("UA-63", "Kharkiv", "Kharkiv Oblast", "Харківська область",
           "Харьковская область", "Ukraine_Kharkiv Oblast"),
    Region("UA-09", "Luhansk", "Luhansk Oblast", "Луганська область",
           "Луганская область", "Ukraine_Luhansk Oblast"),
    Region("UA-14", "Donetsk", "Donetsk Oblast", "Донецька область",
           "Донецкая область", "Ukraine_Donetsk Oblast"),
    Region("UA-53", "Poltava", "Poltava Oblast", "Полтавська область",
           "Полтавская область", "Ukraine_Poltava Oblast"),
    Region("UA-32", "Kyiv", "Kyiv Oblast", "Київська область",
           "Киевская область", "Ukraine_Kyiv Oblast"),
    Region("RU-BRY", "Bryansk", "Bryansk Oblast", "Брянська область",
           "Брянская область", "Russia_Bryansk Oblast"),
    Region("RU-KRS", "Kursk", "Kursk Oblast", "Курська область",
           "Курская область", "Russia_Kursk Oblast"),
    Region("RU-BEL", "Belgorod", "Belgorod Oblast", "Бєлгородська область",
           "Белгородская область", "Russia_Belgorod Oblast"),
    Region("RU-VOR", "Voronezh", "Voronezh Oblast", "Воронезька область",
           "Воронежская область", "Russia_Voronezh Oblast"),
    Region("RU-ROS", "Rostov", "Rostov Oblast", "Ростовська область",
           "Ростовская область", "Russia_Rostov Oblast"),
    Region("RU-SMO", "Smolensk", "Smolensk Oblast", "Смоленська область",
           "Смоленская область", "Russia_Smolensk Oblast"),
    Region("RU-ORL", "Oryol", "Oryol Oblast", "Орловська область",
           "Орловская область", "Russia_Oryol Oblast"),
    Region("BY-HO", "Gomel", "Gomel Oblast", "Гомельська область",
           "Гомельская область", "Belarus_Homiel Region"),
)  # fmt: skip
# Not shipped, but the last part of the line, in the sea of Azov, is the border of its waters.
KRASNODAR = Region("RU-KDA", "Krasnodar", "Krasnodar Krai", "Краснодарський край",
                   "Краснодарский край", "Russia_Krasnodar Krai")  # fmt: skip
BY_NAME = {region.name: region for region in (*REGIONS, KRASNODAR)}

# The regions along the line between Ukraine and Russia, from the tripoint with Belarus to the sea.
ALONG_RUSSIA = ("Bryansk", "Kursk", "Belgorod", "Voronezh", "Rostov", "Krasnodar")
ALONG_UKRAINE = ("Chernihiv", "Sumy", "Kharkiv", "Luhansk", "Donetsk")
