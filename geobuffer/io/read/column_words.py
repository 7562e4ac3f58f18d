"""List the words by which we recognise columns, in all languages.

All words have the form that :func:`fold_heading` returns: small letters, no accents, underscores
between words. :mod:`geobuffer.io.read.columns` and :mod:`geobuffer.io.read.point_columns` compare
headings with them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not decompose into a letter and an accent.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "ё": "е"})

# Where a word begins without a space: townLat, GPSLatitude.
_WORD_STARTS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Z][a-z])")


@lru_cache(4096)
def fold_heading(heading: str) -> str:
    """Return a heading in small letters without accents, with underscores between its words.

    >>> [fold_heading(text) for text in ("_GPS_latitude", "townLat", "Szerokość (°)", "Długość")]
    ['gps_latitude', 'town_lat', 'szerokosc', 'dlugosc']
    """
    text = _WORD_STARTS.sub("_", unicodedata.normalize("NFKC", heading))
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(sign for sign in plain if not unicodedata.category(sign).startswith("M"))
    return re.sub(r"[\W_]+", "_", letters).strip("_")


def _words(text: str) -> tuple[str, ...]:
    """Return folded words, the longest first; ``_`` joins the words of one term."""
    return tuple(sorted({fold_heading(word) for word in text.split()}, key=lambda w: (-len(w), w)))


# Words that mean only a coordinate, in English, Ukrainian and Russian, then in other languages.
LATITUDES = _words(
    "latitude lat latitud latitudine latitudes decimallatitude breitengrad enlem "
    "enlik широта шырата "
    "szerokosc_geograficzna szer_geogr zemepisna_sirka breddgrad breddegrad "
    "breedtegraad leveysaste leveyspiiri laiuskraad geogr_breite breiddargrada platuma "
    "geografiskais_platums foldrajzi_szelesseg γεωγραφικο_πλατος 纬度 緯度 北纬 北緯 위도 "
    "ละติจูด vi_do lintang अक्षांश অক্ষাংশ განედი լայնություն ендік ендик өргөрөг قو_العرض "
    "خط_العرض دائرة_العرض عرض_جغرافیایی קו_רוחב"
)
LONGITUDES = _words(
    "longitude lon lng long longitud longitudine longitudes decimallongitude "
    "langengrad laengengrad boylam довгота "
    "долгота даугата dlugosc_geograficzna dl_geogr zemepisna_delka zemepisna_dlzka langdgrad "
    "laengdegrad lengdegrad lengtegraad pituusaste pituuspiiri pikkuskraad geogr_lange "
    "geogr_laenge lengdargrada ilguma geografiskais_garums foldrajzi_hosszusag γεωγραφικο_μηκος "
    "经度 經度 経度 东经 東経 東經 경도 ลองจิจูด kinh_do bujur देशांतर দ্রাঘিমাংশ გრძედი "
    "երկայնություն бойлық уртраг خط_الطول طول_جغرافیایی קו_אורך"
)
# Words that also mean breadth and length. They count only as a pair, and without units of length.
BREADTHS = _words(
    "breite szerokosc szer sirka sirina ширина szelesseg bredd bredde breidd breedte platums laius "
    "πλατος רוחב العرض kenglik leveys gjeresia"
)
LENGTHS = _words(
    "lange laenge dlugosc dl delka dlzka duzina dolzina дужина должина дължина hosszusag langd "
    "laengde lengde lengd lengte garums pikkus μηκος אורך الطول uzunluk uzunlik uzunluq pituus "
    "gjatesia"
)
# Letters of axes and directions; they count only alone or beside words such as "point".
NORTHINGS = _words("y northing northings ycoord")
EASTINGS = _words("x easting eastings xcoord")

# Words beside a coordinate that only say how it is written or measured.
COORDINATE_DETAILS = frozenset(
    _words(
        "wgs84 wgs 84 4326 epsg crs84 etrs89 etrs dd ddd dec decimal decimals deg degs degree "
        "degrees gps geo coord coords coordinate coordinates coordinata координата координати "
        "координаты point pt pos position location loc geopoint geolocation geocode geocoded "
        "centroid center centre c e n w s x y xy град градус градуси градусы градусах градусів "
        "десяткові десятичные grad grader stopnie stopni graden grados gradi degres geogr "
        "geographisch geographische geograficzna geograficzny geographical geographic geografska "
        "географска географічна географическая geografisk geograficka zemepisna γεωγραφικο "
        "foldrajzi geographique geografica intpt rec in of the site v в у map final approx"
    )
)
# Beginnings and ends that are joined to "lat", "lon", "long" and "lng" without a space.
GLUED = re.compile(
    r"(?P<before>gps|geo|dec|dd|intpt|rec|wgs|wgs84|loc|pt|cen|center|centroid|start|end|from|to|"
    r"orig|dest)?(?P<axis>lat|lon|long|lng)(?P<after>\d{1,2}|dd|dec|deg|wgs|wgs84|deg84)?"
)
# Words beside "lat" and "long" that show that they mean Latin, or a length.
NO_COORDINATE = frozenset(
    _words(
        "name names title text desc description term run list form label version story answer "
        "species letter distance duration time"
    )
)
# Words for minutes: a coordinate in several columns, which must not be read from one column.
PARTS_OF_DEGREES = frozenset(_words("min mins minute minutes m хв мин minuten minuty"))

# Headings of columns that hold whole points: "51.1, 35.0", KoBo's points, WKT, WKB.
POINTS = frozenset(
    _words(
        "lat_lng latlng lat_lon latlon lat_long latlong latitude_longitude coordinates coordinate "
        "coords coord geopoint geo_point geo_point_2d gps gps_coordinates gps_location geolocation "
        "location point position wkt wkb ewkb ewkt geom geometry the_geom geog geography shape geo "
        "wkt_geom coordinate_location gps_координати gps_координаты координати координаты "
        "каардынаты координата wspolrzedne wspolrzedne_geograficzne souradnice suradnice "
        "koordinaten gps_koordinaten koordinatlar koordinat koordinater coordinaten coordenadas "
        "coordonnees coordinate_geografiche koordinatak koordinate координате "
        "γεωγραφικες_συντεταγμενες "
        "συντεταγμενες 坐标 座標 经纬度 좌표 yx"
    )
)
# Headings of such columns in which the longitude comes first.
POINTS_EASTWARD = frozenset(
    _words("lon_lat lonlat lng_lat lnglat long_lat longlat longitude_latitude xy x_y")
)

# Nouns for a name, alone or beside another word: "назва", "JPT_NAZWA_", "village_name".
NAME_NOUNS = _words(
    "name назва название наименование найменування назив nazwa nazev nazov naziv nom nombre nome "
    "denominazione denominacion naam navn namn nafn nimi nimetus nev denumire nume pavadinimas "
    "nosaukums ime име імя имя ονομα ονομασια isim adi ad emri 名称 名稱 地名 이름 지명 ชื่อ नाम "
    "naziv_naselja სახელი անուն שם الاسم اسم نام"
)
# Nouns for a settlement: with a noun for a name, the column surely names settlements.
SETTLEMENT_NOUNS = frozenset(
    _words(
        "village town city settlement place locality hamlet community site ppl populated toponym "
        "нп населеного населенного села смт міста города пункту пункта поселения поселення "
        "miejscowosc miejscowosci obce obec mesta mesto commune com municipio localidad localite "
        "ort gemeinde ciudad pueblo aldeia vila naselja naselje uygulama koy"
    )
)
# Words for places. Such a column may hold names, kinds or something else; its texts decide.
PLACE_NOUNS = _words(
    "settlement village town city locality place location населений_пункт населенный_пункт село "
    "нп місто город miejscowosc obec ort gemeinde comune commune municipio localidad localite koy "
    "title label"
)
# Words for things with names that are not places: "first_name", "file_name".
NO_PLACE = frozenset(
    _words(
        "first last middle full given family user file path person contact owner author enumerator "
        "interviewer respondent organisation organization org partner agency donor project species "
        "layer sheet form column field table event actor source provider company client product "
        "street road alt var varname nl old other official short long latin common scientific "
        "country oblast region state province district raion rayon county hromada municipality "
        "country_name область області района району район громади країни страны wojewodztwa "
        "powiatu gminy kraje okresu department departement departamento provincia adm admin "
        "admin0 admin1 admin2 admin3 adm0 adm1 adm2 adm3 nuts cntr"
    )
)
# Texts that are not names: values of OpenStreetMap's tags, and forms of address.
_NO_NAMES = (
    "yes no true false unknown other none mr mrs ms miss dr prof пан пані так ні да нет "
    "village town city hamlet suburb locality neighbourhood quarter borough municipality farm "
    "isolated_dwelling allotments island islet square plot city_block district county state "
    "province region country"
)
NO_NAMES = frozenset(_NO_NAMES.split())

# Words for people who live somewhere.
PEOPLE = _words(
    "population pop inhabitants residents people населення население насельніцтва мешканці "
    "жителі жители кількість_населення чисельність_населення численность_населения "
    "кількість_жителів кількість_мешканців количество_жителей количество_населения "
    "число_жителей число_жителів чисельність_жителів число_мешканців "
    "ludnosc liczba_ludnosci liczba_mieszkancow mieszkancy "
    "obyvatele obyvatel obyvatelia pocet_obyvatel pocet_obyvatelov einwohner einwohnerzahl "
    "bevolkerung nufus population_count population_size habitants habitantes poblacion populacao "
    "popolazione abitanti populatie locuitori stanovnistvo stanovnici становништво жители_брой "
    "befolkning invanare folketall folkemaengde inwoners bevolking vakiluku rahvaarv elanike_arv "
    "iedzivotaji gyventojai nepesseg lakossag πληθυσμος κατοικοι ibuar popullsia nufusu "
    "人口 人口数 人口_数 인구 인구수 אוכלוסייה السكان عدد_السكان جمعیت მოსახლეობა բնակչություն "
    "no_of_people number_of_people number_of_inhabitants number_of_residents"
)
# Words beside words for people that do not change what is counted.
PEOPLE_DETAILS = frozenset(
    _words(
        "total tot totals est estimate estimated sum all census count number year people persons "
        "inhabitants of in the осіб особа чол чоловік людей ос особ чел человек всього усього "
        "всего на за рік року р год году г станом січня грудня перепис переписом перепись ogolem "
        "osob razem celkem spolu toplam gesamt insgesamt kisi habitants hab recensement worldpop "
        "un ocha osm wikidata"
    )
)
# Words that say that a column counts thousands, which must not be read as people.
THOUSANDS = frozenset(
    _words("тис тыс тисяч тысяч thousand thousands tys tis tsd tausend k 000 千 万")
)

# The meanings of tags of the Humanitarian Exchange Language (hxlstandard.org): the tag without "#",
# the attribute that it must have, and the column name of geobuffer.
HXL_MEANINGS = (
    ("geo", "lat", "latitude"), ("geo", "lon", "longitude"), ("geo", "coord", "point"),
    ("loc", "name", "name"), ("settlement", "name", "name"), ("loc", "", "name"),
    ("adm5", "name", "name"), ("adm4", "name", "name"), ("adm5", "", "name"), ("adm4", "", "name"),
    ("adm1", "name", "oblast"), ("adm2", "name", "raion"), ("adm3", "name", "hromada"),
    ("adm1", "", "oblast"), ("adm2", "", "raion"), ("adm3", "", "hromada"),
    ("population", "", "population"), ("loc", "code", "code"), ("adm4", "code", "code"),
    ("loc", "type", "kind"), ("country", "code", "country"), ("country", "name", "country"),
    ("meta", "source", "source"),
)  # fmt: skip

# Texts of a second header with units or formats below the headings.
UNITS = frozenset(
    _words(
        "deg degree degrees decimal_degrees decimaldegrees dd wgs84 wgs_84 epsg_4326 n e s w "
        "n_s e_w "
        "градуси град градусы десяткові_градуси десятичные_градусы grad stopnie stupne m metres "
        "meters м float double real decimal number numeric text string integer int varchar char "
        "type_float type_text"
    )
)
# The first words of a note below a table, and of a line of totals.
FOOTNOTES = _words(
    "source sources note notes notice n_b nb data_source data_sources data_from data_as_of updated "
    "last_updated last_update prepared generated created exported export compiled copyright "
    "disclaimer legend as_of end_of end_of_file comment comments remark remarks see "
    "джерело джерела примітка примітки дані_станом дані оновлено підготовлено станом_на складено "
    "виконавець легенда источник источники примечание примечания данные обновлено "
    "подготовлено по_состоянию составлено исполнитель zrodlo uwaga uwagi stan_na zdroj "
    "poznamka poznamky quelle quellen stand hinweis anmerkung fuente nota notas fonte fonti nb_ "
    "kaynak not kaynakca πηγη σημειωση 来源 资料来源 注 備考 出典"
)
TOTALS = frozenset(
    _words(
        "total totals grand_total sum subtotal всього усього разом загалом підсумок итого всего "
        "итог razem ogolem suma celkem spolu gesamt summe insgesamt toplam totale totaal συνολο "
        "合计 总计 合計"
    )
)

# Names of columns as columns.simplify_name returns them, the most certain first. They come from
# OpenStreetMap, GeoNames, HDX, geoBoundaries, GADM, Natural Earth, Wikidata, and from tables in
# Ukrainian and Russian.
NAME = (
    "name", "shapename", "назва", "название", "наименование", "place_name", "placename",
    "населений_пункт", "населенный_пункт", "назва_населеного_пункту",
    "название_населенного_пункта", "назва_нп", "names_primary",
)  # fmt: skip
NAMES = {
    "en": ("name_en", "name_eng", "nameeng", "name_english", "en_name", "назва_англ"),
    "uk": ("name_uk", "name_ua", "name_ukr", "nameukr", "назва_укр", "название_укр"),
    "ru": ("name_ru", "name_rus", "namerus", "назва_рос", "название_рус"),
}  # fmt: skip
ISO = ("iso_3166_2", "iso3166_2", "iso", "shapeiso", "iso_code", "hasc_1", "ref_iso")
COUNTRY = (
    "country", "country_code", "countrycode", "iso_a2", "iso2", "cc", "iso_country", "adm0_pcode",
    "код_країни", "код_страны", "країна", "страна",
)  # fmt: skip

# Other columns of geobuffer, and the names that publishers use for them.
KNOWN_COLUMNS = {
    "kind": ("kind", "place_type", "fclass", "категорія", "тип_населеного_пункту"),
    "oblast_iso": ("oblast_iso",),
    "oblast": (
        "oblast", "область", "region", "admin1", "adm1_en", "admin1_name", "state", "province",
        "регіон", "регион",
    ),
    "raion": ("raion", "район", "rayon", "district", "admin2", "adm2_en", "admin2_name", "county"),
    "hromada": ("hromada", "громада", "admin3", "adm3_en", "admin3_name", "municipality"),
    "code": ("code", "katottg", "катоттг", "oktmo", "октмо", "geonameid", "pcode", "adm4_pcode"),
    "population": (
        "population", "pop", "inhabitants", "населення", "население", "кількість_населення",
        "численность_населения", "чисельність_населення",
    ),
    "accuracy_m": ("accuracy_m",),
    "radius_m": ("radius_m",),
    "source": ("source", "джерело", "источник"),
}  # fmt: skip

# The languages of names by the endings of headings and the attributes of HXL.
LANGUAGES = {
    "en": "en", "eng": "en", "i_en": "en", "uk": "uk", "ua": "uk", "ukr": "uk", "i_uk": "uk",
    "ru": "ru", "rus": "ru", "i_ru": "ru", "укр": "uk", "рос": "ru", "рус": "ru", "англ": "en",
}  # fmt: skip
