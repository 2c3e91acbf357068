# ruff: noqa: RUF001
"""The root order of characters: what a string is compared by, character by character.

As in the Unicode Collation Algorithm, a character stands for a few `Element`s, each a base with its place in
the order, or a mark. Characters that Unicode decomposes are the elements of their parts; the tables below
have the rest, for punctuation, symbols and the alphabets of Europe. Other characters come after all of these,
by code point. `collation_keys` makes the keys of strings from this.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

__all__ = [
    "BEFORE_LETTERS",
    "FIRST_CYRILLIC",
    "LAST_CYRILLIC",
    "LAST_PUNCTUATION",
    "LAST_SPACE",
    "NUMBER",
    "Element",
    "elements_of",
]

COMMON: Final = 2
"""The weight of an element that has nothing particular, on the second and the third level."""


class Element(NamedTuple):
    """A base or a mark, with its weights on the levels of comparison."""

    primary: str
    """The base's place, compared as a string; empty for a mark."""
    secondary: int = COMMON
    """Which mark it is, or which variant of the base."""
    tertiary: int = COMMON
    """Its form: capital, circled, superscript, ..."""
    capital: bool = False


# In these tables, ``a…d`` stands for the characters from a to d. Capitals are with their small letters.
_SPACES: Final = "\x09…\x0d\x85\u2028\u2029 "
_PUNCTUATION: Final = (
    "‾_‗-֊᐀᭠᠆᠇‐‒…―⸺⸻⁓⸗⹀〜〰゠・,⸴⸲⹁՝،\u060d\u066b\u066c߸᠂᠈꓾꘍꛵、﹅﹆;\u061b⁏⸵꛶:։\u061e\u0703…\u0708"
    "\u0830…\u083e፡፣…፦᠄᠅༔៖᭝꧇᛫…᛭꛴!¡՜߹᥄?¿⸮՞\u061f\u0709፧᥅⳺⳻꘏꛷꫱‽⸘.᠁\u06d4\u0701\u0702።᠃᠉᙮᭜⳹⳾⸰⸼꓿꘎꛳。·⸱⸳।॥꣎꣏"
    "᰻᰼꡶꡷᜵᜶꤯၊။។៕᪨…᪫᭞᭟꧈꧉꩝…꩟꫰꯫᱾᱿\u0700߷჻፠፨᨞᨟᭚᭛꧁…꧆꧊…꧍꛲꥟⁕⁖⁘…⁞⸪…⸭⸽⳼⳿⸙'‘…‛‹›\"“…‟⹂〝…〟«»()[]{}༺…༽᚛᚜⁅⁆⌈…⌋⧼⧽⦃…⦘"
    "⟅⟆⟦…⟯❨…❵⸂…⸅⸉⸊⸌⸍⸜⸝⸠…⸩〈…】〔…〛﴾﴿‖⸾⧘…⧛§⸹¶⁋⸿@*⁎⁑\u066d꙳/\\&⁊#%٪‰؉‱؊†‡⸶…⸸•‣‧⁃⁌⁍′‵〃〽‸※‿⁔⁀⁐⁁⁂⸀⸁⸆…⸈⸋⸎…⸖⸚⸛⸞⸟꙾"
    "՚՛՟\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u070a…\u070d\u085e᠀॰꣸…꣺꣼૰෴๏๚๛꫞꫟༄…༊࿐࿑་།…༒྅࿒…࿔࿙࿚᰽…᰿၌…၏៘…៚᪠…᪦"
    "᪬᪭᙭᳀…᳇⵰꡴꡵᯼…᯿꤮꧞꧟꩜"
)
_SYMBOLS: Final = (
    "`´˜^¯˘˙¨˚˝¸˛᾽῾῀゛゜ʹ͵ʺ˂…ˏ˒…˗˞˟˥…˭˯…˿᎐…᎙꜀…꜡ꞈ…꞊꭛°҂֍֎\u0608؎؏۞۩﷽\ufbb2…\ufbc1߶৺୰௳…௸௺౿൹꠨…꠫꠶꠷꠹༁…༃༓༕…༗༚…༟༴"
    "༶༸྾…࿅࿇…࿌࿎࿏࿕…࿘᥀႞႟꩷…꩹᧠…᧿᭡…᭪᭴…᭼©®℄℈℔℗℘℞℟℣℥℧℩℮℺⅁…⅄⅊⅌⅏↊↋←→↑↓…↙↜…↭↯…⇌⇐…∃∅…∈∊∋∍϶∎…∑+±÷×<…>¬|¦~−⁒∓…∕⁄∖…∛؆∜"
    "؇∝…∣∥∧…∫∮∱…≀≂≃≅≆≈≊…≟≡≣…≬≲≳≶≷≺…≿⊂⊃⊆⊇⊊…⊫⊰…⊼⅋⊽…⋟⋤…⋩⋮…⌇⌌…⌨⌫…⏺␀…␦⑀…⑊─…☯☸…♬♰…⚉⚐…⛿\U0001f1e6…\U0001f1ff"
    "✀…❧➔…⟄⟇…⟥⟰…⟿⤀…⦂⦙…⧗⧜…⧻⧾…⨋⨍…⩳⩷…⫛⫝…⭳⭶…⮕⮘…⮹⮽…⯈⯊…⯑⯬…⯯⳥…⳪⠀…⣿⚊…⚏☰…☷䷀…䷿\U0001d300…\U0001d356꒐…꓆"
    "\U0001d000…\U0001d0f5\U0001d100…\U0001d126♭…♯\U0001d12a…\U0001d139\U0001d129\U0001d13a…\U0001d15d"
    "\U0001d16a…\U0001d16c\U0001d183\U0001d184\U0001d18c…\U0001d1a9\U0001d1ae…\U0001d1ba"
    "\U0001d1c1…\U0001d1e8\U0001d200…\U0001d241\U0001d245\U0001f000…\U0001f02b\U0001f030…\U0001f093"
    "\U0001f0a0…\U0001f0ae\U0001f0b1…\U0001f0bf\U0001f0c1…\U0001f0cf\U0001f0d1…\U0001f0f5"
    "\U0001f300…\U0001f395"
    "\U0001f396…\U0001f579\U0001f57b…\U0001f5a3\U0001f5a5…\U0001f5ff\U0001f910…\U0001f918"
    "\U0001f980…\U0001f984\U0001f9c0\U0001f600…\U0001f6d0\U0001f6e0…\U0001f6ec\U0001f6f0…\U0001f6f3"
    "\U0001f700…\U0001f773\U0001f780…\U0001f7d4\U0001f800…\U0001f80b\U0001f810…\U0001f847"
    "\U0001f850…\U0001f859\U0001f860…\U0001f887\U0001f890…\U0001f8ad⿰…⿻㇀…㇣〄〒〓〠〷〾〿㆐㆑㉿￼ːˑॱๆໆៗᪧꧏꧦꩰꫝꫳꫴ々〻〱〳〵"
    "ゝーヽ¤¢$£¥֏\u060b৲৳৻૱꠸௹฿៛₠…₧₩…₾₨\ufdfc"
)
_DIGITS: Final = "ↀ…ↂↆ…ↈ0…9"
_LETTERS: Final = (
    "aᴀⱥᶏᴁᴂꬱɐɑꬰᶐɒꭤbʙƀᴯᴃᵬꞗᶀɓƃꞵcᴄȼꞓꞔƈɕↄꜿdᴅᴆᵭᶁɖɗᶑƌȡꝱẟeᴇꬲꬳɇᶒꬴⱸǝⱻəᶕɛᶓɘɚɜᶔᴈɝɞʚɤfꜰꬵꞙᵮᶂƒⅎꟻgɡꬶɢǥᶃɠʛᵷꝿɣƣhʜƕꞕɦⱨⱶꜧɧ"
    "ʻʽiıɪꟾꟷᴉɨᵻᶖɩᵼjȷᴊɉʝɟʄkᴋᶄƙⱪꝁꝃꝅʞlʟꝇᴌꝉƚⱡɫꬸꬹɬꬷᶅɭꞎȴꝲɮꞁƛʎmᴍᵯᶆɱꬺꟽꟿꝳnɴᴻᴎᵰɲƞꞑᶇɳȵꬻꝴŋꬼoᴏᴑꬽɶᴔꭁꭂꭀꭃꭄᴓꬾɔᴐᴒꬿᶗꭢꝍᴖᴗⱺɵ"
    "ꝋɷꞷȣᴕpᴘᵽꝑᵱᶈƥꝓꝕꟼɸⱷqꝗꝙʠɋĸrꭅʀꭆꝛᴙɍᵲɹᴚɺᶉɻⱹɼɽꭉɾᵳɿꭇꭈꭊ…ꭌʁꝵꝶꝝsꜱᵴᶊʂȿẜẝʃꭍᶋƪʅᶘʆtᴛŧⱦᵵƫƭʈȶꝷʇuᴜꭎᴝᴞᵫꭐꭑʉꭏᵾᶙꭒɥʮʯɯꟺᴟɰ"
    "ʊᵿvᴠꝟᶌʋⱱⱴỽʌwᴡⱳʍxᶍꭖ…ꭙꭓ…ꭕyʏɏƴỿꭚȝzᴢƶᵶᶎȥʐʑɀⱬꝣʒᴣƹᶚƺʓþꝥꝧƿꝩꭠꭡꭣꝫꝭꝯꝸƻꜫꜭꜯƨƽƅʔɂˀʼˮʾꜣꞌꞏʕʿˁᴤᴥꜥʡʢʖǀ…ǃʗʘʬʭ"
    "α…γᴦδεϝͷϛζͱη…ιϳκλᴧμ…πᴨϻϟϙρᴩϼσͼͻͽτ…ψᴪωꭥϡͳϸⲁⲃⲅⲇⲉⲷⲋⲍⲏⲑⲓⲕⲹⲗⲙⲛⲻⲽⲝⲟⲡⲣⲥⲧⲩⲫⲭⲯⲱⲿⳁϣⳬⳃⳅⳇϥϧⳳⳉϩⳋⳍⳏⳑⳓⳕϫⳮⳗϭⳙⳛⳝϯⲳⲵ"
    "ⳟⳡⳣ"
    "аәӕб…гғӻҕӷдԁꚁђꙣԃҙеєжԫꚅҗзꙁԅԑꙃѕꙅӡꚉԇꚃиҋіꙇйјꙉкқӄҡҟҝԟԛлᴫӆԯԓԡљꙥԉԕмӎꙧнԩӊңӈԣҥњԋоөпԥҧҁрҏԗсԍҫтꚍԏҭꚋћуүұꙋѹфхӽӿ"
    "ҳһԧꚕѡѿꙍѽѻцꙡꚏҵꚑчԭꚓҷӌҹꚇҽҿџшꚗщꙏⸯꙿъꙑыьҍѣꙓэюꙕꙗяԙѥѧꙙѫꙛѩꙝѭѯѱѳѵꙟҩԝӏ"
)
_MARKS: Final = (
    "\u0332 \u0313\u0343\u0486 \u0314\u0485 \u0301\u0341\u0954 \u0300\u0340\u0953 \u0306 \u0302 \u030c \u030a \u0342"
    " \u0308 \u030b \u0303 \u0307 \u0338 \u0327 \u0328 \u0304 above below overlay enclosing \u3099 \u309a \u0335 \u0305"
    " \u0309 \u030f \u0310 \u0311 \u031b \u0321 \u0322 \u0323 \u0324 \u0325 \u0326 \u032d \u032e \u0330 \u0331 \u0334"
    " \u0339 \u0345 \u0358 \u0360\ufe22\ufe29 \u0361\ufe20 \u0483\ufe2e \ua66f middle"
).split()
"""The marks; those that compare as equal are together, most of them by where they are written."""
_WRITTEN: Final = {
    1: "overlay",
    **dict.fromkeys((202, 220, 233), "below"),
    **dict.fromkeys((230, 232, 234), "above"),
}
"""Where marks are written, by their combining class."""

_PARTS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    **{
        written[0]: (form, written[1:])
        for form, lettering in {
            "": "΄´ ᾿᾽ øo\u0338 đd\u0335 ħh\u0335 łl\u0335 〲〱\u3099 〴〳\u3099",
            "variant": "ðd ꝼf ᵹg ꞃr ґг æae œoe ßss ꜻav ᵺth",
            "second variant": "ꝺd ꞅs ꞇt ſs",
            "final": "ςσ",
            "compat": "ͺι ꙩо ꙫо ꙭо ꙮо ꚙо ꚛо ꞛa\u0308 ꞝo\u0308 ꞟu\u0308 ꞡg\u0337 ꞣk\u0337 ꞥn\u0337 ꞧr\u0337 ꞩs\u0337"
            " ƍzw ƾts ȸdb ȹqp ʣdz ʤdʒ ʥdʑ ʦts ʧtʃ ʨtɕ ʩfŋ ʪls ʫlz ϗκαι ỻll ꜩtz ꜳaa ꜵao ꜷau ꜹav ꜽay ꝏoo ꝡvy ⳤⲕⲁⲓ",
        }.items()
        for written in lettering.split()
    },
    "ŀ": ("", ("l", "middle")),
}
"""Letters that Unicode does not decompose, or otherwise: in which form they are which others."""

_FORMS: Final = {
    **dict(zip("wide compat font circle".split(), range(COMMON + 1, 7), strict=True)),
    **dict(
        zip(
            "super sub vertical initial medial final isolated noBreak square".split(),
            range(20, 29),
            strict=True,
        )
    ),
    "small": 15,
    "narrow": 18,
    "fraction": 30,
}
"""The weights of forms, by the names that Unicode's decompositions have for them."""
_VARIANTS: Final = {"variant": COMMON + 1, "second variant": COMMON + 2}
_CAPITALS: Final = {COMMON: 8, 3: 9, 4: 10, 5: 11, 6: 12}
"""The weights of capitals, by those of the small letters; all others have one in common."""
_OTHER_CAPITAL: Final = 29
_WITHOUT_WEIGHT: Final = frozenset("\u034f\u0488\u0489\u0640" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""Marks and fillers that do not count, beside all control characters."""


def _places() -> dict[str, str]:
    table = _SPACES + _PUNCTUATION + _SYMBOLS + "\0" + _DIGITS + "\1" + _LETTERS
    ordered = re.sub(
        "(.)…(.)",
        lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))),
        table,
        flags=re.DOTALL,
    )
    return {character: chr(place) for place, character in enumerate(ordered, 1)}


_PLACES: Final = _places()
LAST_SPACE: Final = _PLACES[_SPACES[-1]]
"""The last place that counts as white space."""
LAST_PUNCTUATION: Final = _PLACES[_PUNCTUATION[-1]]
"""The last place that counts as punctuation."""
NUMBER: Final = _PLACES.pop("\0")
"""The place of numbers, where digits compare as numbers."""
BEFORE_LETTERS: Final = _PLACES.pop("\1")
"""The place before all alphabets."""
FIRST_CYRILLIC: Final = _PLACES["а"]
LAST_CYRILLIC: Final = _PLACES["ӏ"]
_ELSEWHERE: Final = chr(len(_PLACES) + 3)
_MARK_WEIGHTS: Final = {
    mark: weight for weight, alike in enumerate(_MARKS, COMMON + 3) for mark in (alike, *alike)
}


@cache
def elements_of(character: str) -> tuple[Element, ...]:
    """Return the elements a character stands for; none if it does not count, as control characters do not."""
    if character in _PLACES:
        return (Element(_PLACES[character]),)
    if character in _MARK_WEIGHTS:
        return (Element("", _MARK_WEIGHTS[character]),)
    if character in _PARTS:
        return _in_form(*_PARTS[character])
    small, decomposition = character.lower(), unicodedata.decomposition(character)
    if small in _PARTS:
        return _capital(elements_of(small))
    if decomposition.startswith("<"):
        form, *codes = decomposition.split()
        return _in_form(form[1:-1], [chr(int(code, 16)) for code in codes])
    if small in _PLACES or (small != character and not decomposition):
        return _capital(elements_of(small))
    canonical = unicodedata.normalize("NFD", character)
    return _in_form("", canonical) if canonical != character else _of_category(character)


def _in_form(form: str, parts: Iterable[str]) -> tuple[Element, ...]:
    """Return the elements of several characters in one of the forms, or just one after the other."""
    elements = tuple(element for part in parts for element in elements_of(part))
    if not form:
        return elements
    if form in _VARIANTS:
        return (elements[0]._replace(secondary=_VARIANTS[form]), *_weighted(elements[1:], _FORMS["compat"]))
    return _weighted(elements, _FORMS[form])


def _weighted(elements: Iterable[Element], weight: int) -> tuple[Element, ...]:
    of_capitals = _CAPITALS.get(weight, _OTHER_CAPITAL)
    return tuple(
        element._replace(tertiary=of_capitals if element.capital else weight) for element in elements
    )


def _capital(elements: Iterable[Element]) -> tuple[Element, ...]:
    return tuple(
        element._replace(tertiary=_CAPITALS.get(element.tertiary, _OTHER_CAPITAL), capital=True)
        if element.primary
        else element
        for element in elements
    )


def _of_category(character: str) -> tuple[Element, ...]:
    """Return the elements of a character that only Unicode's properties tell about."""
    category, standing = unicodedata.category(character), unicodedata.combining(character)
    if category in ("Cc", "Cf") or character in _WITHOUT_WEIGHT:
        return ()
    if category[0] == "N" and unicodedata.numeric(character) in range(60):
        digits = str(int(unicodedata.numeric(character)))
        if "CIRCLED" in unicodedata.name(character):
            return _in_form("circle", digits)
        if len(digits) == 1:
            return elements_of(digits)
    if standing in _WRITTEN or category == "Me":
        return elements_of(_WRITTEN.get(standing, "enclosing"))
    # The lowest classes are of signs that are written like letters.
    if standing > 9:
        return (Element("", len(_MARK_WEIGHTS) + ord(character)),)
    return (Element(_ELSEWHERE + character),)
