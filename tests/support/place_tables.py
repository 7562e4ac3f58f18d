"""Make tables of places as people have them, in the code pages of their languages.

The rows hold signs that mislead a choice of encoding: quotes, dashes, ©, № and abbreviations. The
names come from the caller.
"""

import random
from typing import NamedTuple

CYRILLIC = "cp1251 koi8_u cp866 cp1125 iso8859_5 mac_cyrillic"
CENTRAL = "cp1250 iso8859_2 cp852"
WESTERN = "cp1252 iso8859_1 iso8859_15 cp1254 cp850 cp1250 cp1257"

#: The code pages in which tables of each language are found. Every fifth language was held out when
#: the choice of encodings was tuned, and so was every fifth seed.
PAGES = {
    "uk": CYRILLIC,
    "ru": CYRILLIC,
    "be": CYRILLIC,
    "bg": CYRILLIC,
    "pl": CENTRAL,
    "cs": CENTRAL,
    "tr": "cp1254 iso8859_9 cp857",
    "el": "cp1253 iso8859_7 cp737",
    "zh": "gb18030",
    "fr": WESTERN,
    "de": WESTERN,
    "es": WESTERN,
    "sk": CENTRAL,
    "hu": CENTRAL,
    "hr": CENTRAL,
    "ro": CENTRAL,
    "pt": WESTERN,
    "it": WESTERN,
    "sv": WESTERN,
    "no": WESTERN,
    "lt": "cp1257 iso8859_13",
    "lv": "cp1257 iso8859_13",
    "et": "cp1257 cp1252",
    "sr": CYRILLIC,
    "mk": CYRILLIC,
    "he": "cp1255",
    "ar": "cp1256 iso8859_6",
    "ja": "cp932 euc_jp",
    "ko": "cp949",
    "is": WESTERN,
    "da": WESTERN,
}

#: For each language a header, institutions, notes and the name of a district. In them {} stands for
#: the name of a place and # for a number.
WORDS = {
    "uk": (
        "Назва;Район;Заклад;Примітка;Населення;Широта;Довгота",
        [
            "ТОВ «{}»",
            "ФАП № #",
            "СумОДА",
            "{} сільрада",
            "КП «{}» (філія)",
            "ХарківОВА",
            "ЗОШ І–ІІІ ст. № #",
            "ПрАТ „{}“",
            "Будинок культури",
        ],
        [
            "",
            "© ДНВП «Картографія»",
            "смт",
            "див. п. #",
            "пошкоджено — #%",
            "вул. Шевченка, #",
            "р-н",
            "станом на 01.01.2022",
        ],
        "{} р-н",
    ),
    "ru": (
        "Название;Район;Объект;Примечание;Население;Широта;Долгота",
        [
            "ООО «{}»",
            "ФАП № #",
            "МБОУ «СОШ № #»",
            'ОАО "{}"',
            "КФХ «{}»",
            "ГБУЗ ЦРБ",
            "Дом культуры",
            "в/ч #",
        ],
        ["", "© Росреестр", "пгт", "см. п. #", "повреждено — #%", "ул. Ленина, #", "с/с"],
        "{} р-н",
    ),
    "be": (
        "Назва;Раён;Аб'ект;Заўвага;Насельніцтва;Шырата;Даўгата",
        ["ААТ «{}»", "ФАП № #", "КУП «{}»", "Сярэдняя школа № #", "ДУА «{}»"],
        ["", "аг.", "гл. п. #", "в. — #", "вул. Леніна, #"],
        "{} р-н",
    ),
    "bg": (
        "Име;Община;Обект;Бележка;Население;Ширина;Дължина",
        ["„{}“ ООД", "ОУ „{}“", "Читалище „{}“", 'ЕТ "{}"', "СУ № #", "кметство"],
        ["", "с.", "гр.", "вж. т. #", "ул. „Васил Левски“ № #", "© НСИ"],
        "общ. {}",
    ),
    "pl": (
        "Nazwa;Powiat;Obiekt;Uwagi;Ludność;Szerokość;Długość",
        ["OSP {}", "Szkoła Podstawowa nr #", "PPHU „{}”", "Urząd Gminy", "Sp. z o.o. „{}”"],
        ["", "zob. § #", "ok. # %", "ul. Kościuszki #", "© GUGiK", "brak – #"],
        "powiat {}",
    ),
    "cs": (
        "Název;Okres;Zařízení;Poznámka;Obyvatelé;Šířka;Délka",
        ["ZŠ „{}“", "Obecní úřad", "SDH {}", "Pošta č. #", "{}, s. r. o."],
        ["", "č. p. #", "viz § #", "© ČÚZK", "asi – # %"],
        "okres {}",
    ),
    "tr": (
        "Ad;İlçe;Tesis;Not;Nüfus;Enlem;Boylam",
        ["{} İlkokulu", "Sağlık Ocağı No: #", '"{}" A.Ş.', "Köy Muhtarlığı", "“{}” Ltd. Şti."],
        ["", "bkz. § #", "© HGM", "yaklaşık # %"],
        "{} ilçesi",
    ),
    "el": (
        "Όνομα;Δήμος;Εγκατάσταση;Σημείωση;Πληθυσμός;Πλάτος;Μήκος",
        ["«{}» Α.Ε.", "Δημοτικό Σχολείο # ", "Κ.Υ. {}", "ΚΕΠ"],
        ["", "© ΕΛΣΤΑΤ", "βλ. § #", "περίπου – # %"],
        "Δήμος {}",
    ),
    "zh": (
        "名称;县;设施;备注;人口;纬度;经度",
        ["{}卫生院", "{}中心小学", "第#中学", "“{}”有限公司"],
        ["", "（见#）", "约#％", "《{}志》"],
        "{}县",
    ),
    "fr": (
        "Nom;Commune;Établissement;Remarque;Population;Latitude;Longitude",
        ["École « {} »", "Mairie de {}", "L’Hôtel de {}", "SARL {}"],
        ["", "n° #", "© IGN", "env. # %", "à vérifier – #"],
        "canton de {}",
    ),
    "de": (
        "Name;Kreis;Einrichtung;Bemerkung;Einwohner;Breite;Länge",
        ["Grundschule „{}“", "FF {}", "{} GmbH & Co. KG", "Bürgermeisteramt"],
        ["", "§ #", "Straße Nr. #", "© BKG", "ca. # % – alt"],
        "Kreis {}",
    ),
    "es": (
        "Nombre;Municipio;Instalación;Nota;Población;Latitud;Longitud",
        ["Escuela «{}»", "Ayuntamiento", "Centro de Salud n.º #", "C/ José Martí, nº #"],
        ["", "© IGN", "§ #", "aprox. # %"],
        "municipio de {}",
    ),
    "sk": (
        "Názov;Okres;Zariadenie;Poznámka;Obyvatelia;Šírka;Dĺžka",
        ["ZŠ „{}“", "Obecný úrad", "Pošta č. #"],
        ["", "č. #", "© GKÚ"],
        "okres {}",
    ),
    "hu": (
        "Név;Járás;Intézmény;Megjegyzés;Népesség;Szélesség;Hosszúság",
        ["„{}” Kft.", "Általános Iskola", "Polgármesteri Hivatal"],
        ["", "# %", "§ #"],
        "{} járás",
    ),
    "hr": (
        "Naziv;Općina;Objekt;Napomena;Stanovništvo;Širina;Dužina",
        ["OŠ „{}“", "DVD {}", "„{}” d.o.o."],
        ["", "br. #", "© DGU"],
        "općina {}",
    ),
    "ro": (
        "Nume;Comuna;Obiect;Observații;Populație;Latitudine;Longitudine",
        ["Școala „{}”", "SC {} SRL", "Primăria"],
        ["", "nr. #"],
        "comuna {}",
    ),
    "pt": (
        "Nome;Município;Instalação;Nota;População;Latitude;Longitude",
        ["Escola “{}”", "Câmara Municipal", "n.º #"],
        ["", "© DGT", "§ #"],
        "município de {}",
    ),
    "it": (
        "Nome;Comune;Struttura;Nota;Popolazione;Latitudine;Longitudine",
        ["Scuola «{}»", "Municipio", "n° #", "Località {}"],
        ["", "© IGM", "perché – #"],
        "comune di {}",
    ),
    "sv": (
        "Namn;Kommun;Anläggning;Anmärkning;Befolkning;Bredd;Längd",
        ["{} skola", "”{}” AB", "Vårdcentral"],
        ["", "§ #"],
        "{} kommun",
    ),
    "da": (
        "Navn;Kommune;Anlæg;Bemærkning;Befolkning;Bredde;Længde",
        ["»{}« A/S", "{} skole", "Sundhedshus"],
        ["", "§ #"],
        "{} kommune",
    ),
    "lt": (
        "Pavadinimas;Savivaldybė;Įstaiga;Pastaba;Gyventojai;Platuma;Ilguma",
        ["„{}“ UAB", "{} mokykla", "Seniūnija"],
        ["", "Nr. #"],
        "{} rajonas",
    ),
    "lv": (
        "Nosaukums;Novads;Iestāde;Piezīme;Iedzīvotāji;Platums;Garums",
        ["SIA „{}”", "{} pamatskola", "Pašvaldība"],
        ["", "Nr. #"],
        "{} novads",
    ),
    "et": (
        "Nimi;Vald;Asutus;Märkus;Rahvaarv;Laius;Pikkus",
        ["„{}“ OÜ", "{} põhikool", "Vallamaja"],
        ["", "nr #"],
        "{} vald",
    ),
    "sr": (
        "Назив;Општина;Објекат;Напомена;Становништво;Ширина;Дужина",
        ["ОШ „{}“", "ДОО „{}“", "Дом здравља"],
        ["", "с.", "бр. #"],
        "општина {}",
    ),
    "mk": (
        "Име;Општина;Објект;Забелешка;Население;Ширина;Должина",
        ["ОУ „{}“", "ДОО „{}“", "Дом на здравје"],
        ["", "с.", "бр. #"],
        "општина {}",
    ),
    "he": (
        "שם;נפה;מוסד;הערה;אוכלוסייה;רוחב;אורך",
        ['בית ספר "{}"', "מרפאה #"],
        ["", "מס' #"],
        "נפת {}",
    ),
    "ar": (
        "الاسم;القضاء;المرفق;ملاحظة;السكان;العرض;الطول",
        ["مدرسة «{}»", "مستشفى #"],
        ["", "رقم #"],
        "قضاء {}",
    ),
    "ja": (
        "名称;郡;施設;備考;人口;緯度;経度",
        ["{}小学校", "{}役場", "「{}」（株）", "第#中学校"],
        ["", "（#）", "約#％"],
        "{}郡",
    ),
    "no": (
        "Navn;Kommune;Anlegg;Merknad;Befolkning;Bredde;Lengde",
        ["«{}» AS", "{} skole", "Brannvesen på {}", "Rådhus"],
        ["", "§ #", "ca. # % – før", "© Kartverket"],
        "{} kommune",
    ),
    "is": (
        "Nafn;Sveitarfélag;Stofnun;Athugasemd;Íbúar;Breidd;Lengd",
        ["„{}“ ehf.", "{} skóli", "Heilsugæsla", "Slökkvilið"],
        ["", "§ #", "u. þ. b. # %"],
        "{} hreppur",
    ),
    "ko": (
        "이름;군;시설;비고;인구;위도;경도",
        ["{}초등학교", "{} 보건소", "제#중학교"],
        ["", "(#)", "약 #%"],
        "{}군",
    ),
}

# What people write in place of a sign that their code page lacks.
PLAIN = {
    "«": '"', "»": '"', "„": '"', "“": '"', "”": '"', "–": "-", "—": "-", "№": "N", "©": "(c)",
    "§": "p.", "’": "'", "º": "o", "°": "o",
}  # fmt: skip


class Table(NamedTuple):
    """A table, its names, its text, and its bytes in a code page."""

    names: list[str]
    text: str
    data: bytes


def can_encode(text: str, page: str) -> bool:
    """Return whether a code page has all letters of a text."""
    try:
        text.encode(page)
    except UnicodeEncodeError:
        return False
    return True


def choose_names(names: list[str], page: str) -> list[str]:
    """Return the names that a code page can write; none if it lacks the language's alphabet."""
    beyond = [name for name in names if not name.isascii()]
    able = sum(can_encode(name, page) for name in beyond)
    # A rare letter, as in a foreign name, is no part of the alphabet.
    if able < 0.93 * len(beyond):
        return []
    return [name for name in names if can_encode(name, page)]


def make_table(language: str, page: str, names: list[str], rows: int, seed: int) -> Table:
    """Return a table of so many rows; the seed chooses its names and one of four kinds of table."""
    rng = random.Random(f"{language} {page} {rows} {seed}")  # noqa: S311 - no secret
    header, institutions, notes, district = WORDS[language]
    kind = seed % 4
    chosen = [rng.choice(names) for _ in range(rows)]
    if kind == 3 and rng.random() < 0.5:
        chosen = [name.upper() if can_encode(name.upper(), page) else name for name in chosen]
    bare = kind == 0 and rng.random() < 0.5
    lines = ["name;lat;lon;population" if bare else _fit_page(header, page)]
    districts = [district.format(rng.choice(names)) for _ in range(max(1, rows // 8))]
    for name in chosen:
        lat, lon = f"{rng.uniform(35, 60):.4f}", f"{rng.uniform(10, 60):.4f}"
        people = str(rng.randrange(9999))
        if bare:
            row = [name, lat, lon, people]
        elif kind == 0:
            row = [name, "", "", "", people, lat, lon]
        else:
            place = institutions[0] if kind == 2 else rng.choice(institutions)
            number = str(rng.randrange(1, 60))
            beside = [text.replace("#", number).format(name) for text in (place, rng.choice(notes))]
            if kind == 3:
                beside[0] = ""
            where = [lat.replace(".", ","), lon.replace(".", ",")]
            row = [name, rng.choice(districts), *beside, people, *where]
        lines.append(";".join(_quote_field(_fit_page(field, page)) for field in row))
    text = "\r\n".join(lines) + "\r\n"
    return Table(chosen, text, text.encode(page))


def _fit_page(text: str, page: str) -> str:
    return "".join(sign if can_encode(sign, page) else PLAIN.get(sign, "?") for sign in text)


def _quote_field(field: str) -> str:
    field = field.replace(";", ",")
    return '"' + field.replace('"', '""') + '"' if '"' in field else field


def has_right_names(table: Table, encoding: str) -> bool:
    """Return whether an encoding gives all names of a table back."""
    text = table.data.decode(encoding, "replace")
    return [line.split(";")[0] for line in text.split("\r\n")[1:-1]] == table.names
