"""Clean and compare place names, and convert them between Ukrainian, Russian and English.

English follows the national systems: the Ukrainian table of 2010 (resolution 55 of the Cabinet
of Ministers) and BGN/PCGN 1947 for Russian, written without its apostrophes and with "yo" for ё.
There is no official system between Ukrainian and Russian. The rules here are those that maps
usually follow. Russian names that they make of Ukrainian ones only help to find a place; Ukrainian
names of Russian places are marked as transliterated.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

APOSTROPHES = dict.fromkeys(map(ord, "'`ʼ´‘′"), "’")
# Latin letters that look like Cyrillic ones. The source tables have some inside Cyrillic words.
HOMOGLYPHS = str.maketrans("ABCEHIKMOPTXaceiopxyï", "АВСЕНІКМОРТХасеіорхуї")

# How each letter is written in Latin letters: the rules that the package itself uses.
RULES_FILE = Path(__file__).parents[2] / "geobuffer" / "zones" / "name_rules.json"
ROMANIZATION = json.loads(RULES_FILE.read_text("utf-8"))["romanization"]

# Names that the Russian table writes with е, but whose correct spelling has ё.
YO = {"теткино": "тёткино", "орел": "орёл"}

ORDINALS = {"перший": "первый", "перша": "первая", "перше": "первое",
            "другий": "второй", "друга": "вторая", "друге": "второе",
            "третій": "третий", "третя": "третья", "третє": "третье"}  # fmt: skip
# Whole words whose Russian form does not follow from the rules.
WORDS = ORDINALS | {
    "і": "и", "ромни": "ромны", "суми": "сумы", "ніжин": "нежин", "козача": "казачья",
    "вовча": "волчья", "вовче": "волчье", "лиса": "лысая", "церква": "церковь",
    "сонце": "солнце", "зоря": "заря", "степ": "степь",
    "нове": "новое", "криве": "кривое", "здорове": "здоровое", "рівне": "ровное",
    "мала": "малая", "хороше": "хорошее",
    "велика": "великая", "нова": "новая", "стара": "старая", "крута": "крутая", "суха": "сухая",
    "мілове": "меловое", "огірцеве": "огурцово", "талове": "таловое", "вугляр": "угляр",
    "другі": "вторые", "перші": "первые",
    "веселе": "весёлое", "весела": "весёлая", "веселий": "весёлый", "зелене": "зелёное",
    "зелена": "зелёная", "зелений": "зелёный", "вишневе": "вишнёвое", "вишнева": "вишнёвая",
    "вишневий": "вишнёвый", "береза": "берёза", "берізка": "берёзка",
}  # fmt: skip
# Replacements in words with another ending. They come before the rules for endings.
FIRST = (
    ("василівк", "васильевк"), ("григорівк", "григорьевк"), ("дмитрівк", "дмитриевк"),
    ("юріївк", "юрьевк"), ("ковалівк", "ковалевк"), ("івщин", "овщин"), ("ївщин", "евщин"),
    ("івці", "овцы"), ("ївці", "евцы"),
)  # fmt: skip
# Ukrainian roots and their Russian forms. They are replaced in this order.
ROOTS_TEXT = """
охтир ахтыр, отаман атаман, чорн черн, огірц огурц, хотімл хотомл, глибок глубок,
олексе алексе, розквіт расцвет, зимівник зимовник, щаст счаст, різник резник,
срібр серебр, баришів барышев, хрестів крестов, запоріз запорож,
кам’янк каменк, кам’янс каменс, кам’ян каменн, комиш камыш, миш мыш, вільх ольх, вільш ольш,
поділ подол, оріх орех, перекіп перекоп, печеніг печенег, балаклі балакле, сівер север, сніж
снеж, рубіж рубеж, розкіш роскош, привіл привол, пісоч песоч, суходіл суходол, вуглегір
углегор, пустовійт пустовойт, кіндрат кондрат, корні корне, авді авде, пелагі пелаге, ріпк
репк, гребін гребен, дігт дегт, зіньк зеньк, гнід гнед, давид давыд, римар рымар, крим крым,
кремін кремен, слобід слобод, трьох трёх, нижньо нижне, верхньо верхне, старовір старовер,
розсош россош, ірпін ирпен, хрещат крещат, яблун яблон, вівчар овчар, новосіл новосел, пошт
почт, улян ульян, богатир богатыр, савелі савелье, анатолі анатолие, слов’ян славян, шахтар
шахтёр, ніжн нежн, микола никола, олександр александр, олексі алексе, олексан алексан, олен
елен, катерин екатерин, андрі андре, сергі серге, матві матве, микит никит, микіль николь,
пилип филипп, семен семён, федор фёдор, хведор фёдор, гнат игнат, артем артём, костянтин
константин, єлиза елиза, тимофі тимофе, овсі овсе, мусі мусе, сніг снег, білопіл белопол,
дворіч двуреч, піщан песчан, піск песк, пісок песок, біл бел, ліс лес, річ реч, сінн сенн,
дід дед, світл светл, світ свет, цвіт цвет, хлібороб хлебороб, хліб хлеб, вітр ветр, віт
вит, піль поль, пілл полл, підл подл, під под, міст мост, гірськ горск, гір гор, ріг рог,
кінськ конск, кінь конь, вільн вольн, віль виль, вовк волк, вовч волч, жовт жёлт, довг долг,
довж долж, товст толст, сонц солнц, сіл сел, сім сем, слід след, звір звер, стрілк стрелк,
стріл стрел, рівн ровн, рідк редк, річк речк, озір озёр, діброва дуброва, дібр дубр, обрі
обре, горіх орех, міл мел, місяц месяц, місц мест, нім нем, хутір хутор, двір двор, явір
явор, лозів лозов, рів ров, горішн горишн, гніз гнез, грім грем, ячмін ячмен, камін камен,
залізн железн, вечір вечер, висок высок, високе высокое, виш выш, вир выр, видр выдр, риж
рыж, риб рыб, рижів рыжев, сиро сыро, сит сыт, бист быст, бик бык, бишк бышк, тинн тынн, дим
дым, мис мыс, кобил кобыл, ковил ковыл, макі маке, монастир монастыр, пустин пустын, чотир
четыр, козач казач, горобі воробь
"""
ROOTS = [tuple(pair.split()) for pair in ROOTS_TEXT.split(",")]
# Stems in -ове that name a plant or a thing: adjectives in -овое, not possessives in -ово.
ADJECTIVE_OVE = ("сад", "клен", "дуб", "верб", "сосн", "берез", "став", "степ", "луг", "вишн",
                 "терн", "гай", "яр", "лип", "осик", "озер", "бор", "мед", "зор", "ліс", "калин",
                 "став", "глин", "вугл", "порт", "пол", "терен", "дощ")  # fmt: skip

HUSHED = "жчшщц"
VELAR = "гкх"
DOUBLED = "лнстдзжчш"


def clean_name(text: str) -> str:
    """Return a Cyrillic name in NFC, with one kind of apostrophe, single spaces, no Latin letters.

    >>> clean_name(" Мар'їне  Друге "), clean_name("Будищe") == "Будище"
    ('Мар’їне Друге', True)
    """
    text = unicodedata.normalize("NFC", text).translate(APOSTROPHES)
    text = "".join(c if c.isprintable() and not c.isspace() else " " for c in text)
    if re.search("[А-яЁёІіЇїЄєҐґ]", text):
        text = text.translate(HOMOGLYPHS)
    return " ".join(text.split())


def fold_name(text: str) -> str:
    """Return a Cyrillic name for comparisons: lower case, without ё, ґ, apostrophes and hyphens.

    >>> fold_name("Мар'їне") == fold_name("Мар’їне"), fold_name("Тёткино")
    (True, 'теткино')
    """
    folded = clean_name(text).casefold().replace("ё", "е").replace("ґ", "г")
    return re.sub("[^0-9a-zа-яієї]", "", folded)


def change_words(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to each word of a name in lower case, and restore its capital letters."""

    def recase(match: re.Match[str]) -> str:
        word = match.group()
        changed = change(word.lower())
        if len(word) > 1 and word.isupper():
            return changed.upper()
        return changed[:1].upper() + changed[1:] if word[:1].isupper() else changed

    return re.sub("[А-яЁёІіЇїЄєҐґ’]+", recase, clean_name(text))


def ukrainian_to_english(text: str) -> str:
    """Return a Ukrainian name in Latin letters by the table of 2010.

    >>> [ukrainian_to_english(t) for t in ("Згурівка", "Знам’янка", "Їжакевич", "Велика Писарівка")]
    ['Zghurivka', 'Znamianka', 'Yizhakevych', 'Velyka Pysarivka']
    >>> [ukrainian_to_english(t) for t in ("Юнаківка", "Вовчанськ", "Краснопілля", "Щастя")]
    ['Yunakivka', 'Vovchansk', 'Krasnopillia', 'Shchastia']
    """
    return change_words(text, lambda word: romanize_word(word, "uk"))


def russian_to_english(text: str) -> str:
    """Return a Russian name in Latin letters: BGN/PCGN, no apostrophes, "yo" for ё.

    >>> [russian_to_english(t) for t in ("Тёткино", "Шебекино", "Елань", "Красная Яруга", "Ильёк")]
    ['Tyotkino', 'Shebekino', 'Yelan', 'Krasnaya Yaruga', 'Ilyok']
    """
    return change_words(text, lambda word: romanize_word(word, "ru"))


def romanize_word(word: str, language: str) -> str:
    """Return a word in lower case in Latin letters: each letter by itself and the one before it."""
    rules = ROMANIZATION[language]
    return "".join(
        rules["after"].get(before, {}).get(letter, rules["letters"].get(letter, letter))
        for before, letter in zip(["", *word], word, strict=False)
    )


def ukrainian_to_russian(text: str) -> str:
    """Return a Ukrainian place name as Russian maps usually write it; the rules are approximate.

    >>> [ukrainian_to_russian(t) for t in ("Новеньке", "Журавка", "Веселівка", "Басівка")]
    ['Новенькое', 'Журавка', 'Веселовка', 'Басовка']
    >>> [ukrainian_to_russian(t) for t in ("Юнаківка", "Велика Писарівка", "Вовчанськ", "Хотінь")]
    ['Юнаковка', 'Великая Писаревка', 'Волчанск', 'Хотинь']
    >>> [ukrainian_to_russian(t) for t in ("Краснопілля", "Сергіївка", "Білий Яр", "Ґоголеве")]
    ['Краснополье', 'Сергеевка', 'Белый Яр', 'Гоголево']
    >>> [ukrainian_to_russian(t) for t in ("Ржавець", "Олексіївка", "Огірцеве", "Попова Балка")]
    ['Ржавец', 'Алексеевка', 'Огурцово', 'Попова Балка']
    >>> [ukrainian_to_russian(t) for t in ("Павлівське", "Мар’їне", "Стецьківці", "Прудище")]
    ['Павловское', 'Марьино', 'Стецьковцы', 'Прудище']
    """
    words = clean_name(text).split(" ")
    described = len(words) > 1 and words[-1].lower() not in ORDINALS
    first = [change_words(word, describe_in_russian) for word in words[:-1] if described]
    rest = words[-1:] if described else words
    return " ".join(first + [change_words(word, ukrainian_word_to_russian) for word in rest])


def describe_in_russian(word: str) -> str:
    """Return the Russian form of a Ukrainian adjective that stands before a noun."""
    if re.search("([оеє]ва|[иії]на)$", word):
        # A possessive: Попова Балка, not Поповая.
        return ukrainian_word_to_russian(word)
    for ukrainian, russian in (
        ("ня", "няя"),
        ("а", "ая"),
        ("нє", "нее"),
        ("ше", "шее"),
        ("е", "ое"),
        ("ні", "ние"),
    ):
        if word not in WORDS and word.endswith(ukrainian):
            return ukrainian_word_to_russian(word[: -len(ukrainian)]) + russian
    if word not in WORDS and word.endswith("і"):
        stem = ukrainian_word_to_russian(word[:-1])
        return stem + ("ие" if stem[-1] in VELAR + HUSHED else "ые")
    return ukrainian_word_to_russian(word)


def ukrainian_word_to_russian(word: str) -> str:
    """Return one Ukrainian word, in lower case, as a Russian one."""
    if word in WORDS:
        return WORDS[word]
    for ukrainian, russian in FIRST:
        word = word.replace(ukrainian, russian)
    word = end_in_russian(word)
    for ukrainian, russian in ROOTS:
        word = word.replace(ukrainian, russian)
    word = re.sub("(?<=[бвп])’(?=я)", "", word)
    word = re.sub("’(?=[яюєї])", "ь", word)
    word = re.sub("(?<=[аеиоуыэюяі])ї", "и", word)
    letters = {"і": "и", "ї": "и", "є": "е", "ґ": "г", "’": "ъ"}
    return "".join(letters.get(c, c) for c in word)


def end_in_russian(word: str) -> str:
    """Return a Ukrainian word with the ending that Russian has for it."""
    rules: tuple[tuple[str, str], ...] = (
        (f"([{HUSHED}])ів(к[аи]|)$", r"\1ев\2"),
        (r"(пис?ар)ів(к[аи]|)$", r"\1ев\2"),
        (r"([аеиоуя])їв(к[аи]|)$", r"\1ев\2"),
        (r"(андр|серг|матв|олекс|тимоф|овс|мус|макі?|євс|гордь?)іїв(к[аи]|)$", r"\1еев\2"),
        (r"іїв(к[аи]|)$", r"иев\1"),
        (r"’їв(к[аи]|)$", r"ьев\1"),
        (r"ів(к[аи]|)$", r"ов\1"),
        (rf"([{DOUBLED}])\1я$", r"\1ье"),
        (r"ще$", "ще"),
        (r"нє$", "нее"),
        (r"([иії])не$", r"\1но"),
        (r"(к|ч|т)ове$", r"\1ово"),
        (r"(е|є)ве$", "ево"),
        (r"([жч])е$", r"\1ье"),
        (r"([шщ])е$", r"\1ее"),
        (r"ове$", "ово"),
        (r"([бвгджзклмнпрстфх])е$", r"\1ое"),
        (r"ній$", "ний"),
        (r"[еє]ць$", "ец"),
        (r"ці$", "цы"),
        (r"ця$", "ца"),
        (rf"([{VELAR}{HUSHED}])ий$", r"\1ий"),
        (r"ий$", "ый"),
        (r"([бвдзлмнпрст])и$", r"\1ы"),
    )  # fmt: skip
    adjective = re.fullmatch(r"(.*[сц])ьк(ий|а|е|і|)", word)
    if adjective:
        ending = {"ий": "ий", "а": "ая", "е": "ое", "і": "ие", "": ""}[adjective[2]]
        if re.search("(спас|черкас|волос|рус)$", adjective[1]):
            return adjective[1] + "ск" + ending
        name = re.fullmatch("(.*[їі]в)с", adjective[1])
        return (end_in_russian(name[1]) + "с" if name else adjective[1]) + "к" + ending
    if word.endswith("ове") and word.startswith(ADJECTIVE_OVE):
        return word[:-1] + "ое"
    for pattern, ending in rules:
        changed, times = re.subn(pattern, ending, word)
        if times:
            return changed
    return word


def russian_to_ukrainian(text: str) -> str:
    """Return a Russian place name as Ukrainian maps usually write it; the rules are approximate.

    >>> [russian_to_ukrainian(t) for t in ("Тёткино", "Шебекино", "Красная Яруга", "Гордеевка")]
    ['Тьоткіно', 'Шебекіно', 'Красна Яруга', 'Гордєєвка']
    >>> [russian_to_ukrainian(t) for t in ("Козинка", "Новая Таволжанка", "Грайворон", "Рыльск")]
    ['Козинка', 'Нова Таволжанка', 'Грайворон', 'Рильськ']
    """
    return change_words(text, russian_word_to_ukrainian)


def russian_word_to_ukrainian(word: str) -> str:
    """Return one Russian word in lower case as a Ukrainian one, by the spelling rules of 2019."""
    endings = (("ская", "ська"), ("ское", "ське"), ("ский", "ський"), ("ские", "ські"),
               ("цкая", "цька"), ("цкое", "цьке"), ("цкий", "цький"), ("ск", "ськ"), ("цк", "цьк"),
               ("няя", "ня"), ("ая", "а"), ("нее", "нє"), ("ее", "е"), ("ое", "е"), ("ый", "ий"),
               ("ой", "ий"), ("ний", "ній"), ("ые", "і"), ("ие", "і"), ("ье", "ьє"),
               ("ичи", "ичі"), ("ики", "ики"), ("ник", "ник"), ("ки", "ки"),
               ("чи", "чі"))  # fmt: skip
    for russian, ukrainian in endings:
        if len(word) > len(russian) + 1 and word.endswith(russian):
            stem = word.removesuffix(russian)
            return letters_to_ukrainian(stem) + ukrainian
    return letters_to_ukrainian(word)


def letters_to_ukrainian(word: str) -> str:
    """Return the letters of a Russian word as Ukrainian ones.

    After ж, ч, ш, щ, ц and in the suffixes -инка, -ин-, -ица, -ище и is и; elsewhere і. е is є
    at the beginning, after a vowel and in the suffixes -ев, -еев; ё is йо or ьо.
    """
    word = re.sub("е(?=[её]?в(ка|ки|о|а|)$)|(?<=[аеиоуыэюяьъ])е|^е", "є", word)
    word = re.sub("(?<=[бвгджзклмнпрстфхцчшщ])и(?=(нк[аи]|ц[аы]|ще|цкое)$)", "ы", word)
    word = re.sub("(?<=[жчшщц])и(?!но?$)", "ы", word)
    word = re.sub("(?<=[жчшщ])ё", "о", word)
    word = re.sub("(?<=[бвгдзклмнпрстфхц])ё", "ьо", word)
    word = re.sub("(?<=[аеиоуыэюя])и", "ї", word)
    letters = {"и": "і", "ы": "и", "э": "е", "ё": "йо", "ъ": "’"}
    word = "".join(letters.get(c, c) for c in word)
    return re.sub("(?<=[бвмпфр])ь(?=[яюєї])", "’", word)
