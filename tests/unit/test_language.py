"""English is told from other languages, code and lists of words, whoever wrote it."""

from __future__ import annotations

import pytest

from byline.language import MIN_FUNCTION_WORD_SHARE, function_word_share

pytestmark = pytest.mark.unit

ENGLISH = {
    "story": "When we came home last night, the door was open and the light in the hall was still "
    "burning. Nobody had heard a thing, but in the kitchen stood a glass that none of us had used.",
    "technical": "Gradient checkpointing trades computation for memory: intermediate activations "
    "are discarded during the forward pass and recomputed when gradients are needed. Throughput "
    "drops by roughly thirty percent, while peak memory falls by half.",
    "news": "Shares of chipmakers fell sharply on Tuesday after regulators announced new limits on "
    "exports, wiping out gains made earlier in the week. Analysts expect further losses.",
    "learner": "I am study English since two year and it is difficult for me because in my country "
    "we not have many teacher. But I like to read book and every day I learn new word from it.",
    "capitals": "IT WAS THE BEST OF TIMES, IT WAS THE WORST OF TIMES, AND WE HAD ALL OF IT.",
    "contractions": "I don't think it's going to work, and I'm not sure that he didn't know it.",
}
OTHER = {
    "German": "Als wir gestern Abend nach Hause kamen, war die Tür offen und das Licht im Flur "
    "brannte noch. Niemand hatte etwas gehört, doch in der Küche stand ein Glas, das keiner von "
    "uns benutzt hatte.",
    "French": "Quand nous sommes rentrés hier soir, la porte était ouverte et la lumière du "
    "couloir brûlait encore. Personne n'avait rien entendu, mais dans la cuisine se trouvait un "
    "verre que nul d'entre nous n'avait utilisé.",
    "Spanish": "Cuando llegamos a casa anoche, la puerta estaba abierta y la luz del pasillo "
    "seguía encendida. Nadie había oído nada, pero en la cocina había un vaso que ninguno de "
    "nosotros había usado.",
    "Italian": "Quando siamo tornati a casa ieri sera, la porta era aperta e la luce del corridoio "
    "era ancora accesa. Nessuno aveva sentito niente, ma in cucina c'era un bicchiere che nessuno "
    "di noi aveva usato.",
    "Latin": "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, "
    "tertiam qui ipsorum lingua Celtae, nostra Galli appellantur. Hi omnes lingua, institutis, "
    "legibus inter se differunt.",
    "Polish": "Kiedy wczoraj wieczorem wróciliśmy do domu, drzwi były otwarte, a w korytarzu wciąż "
    "paliło się światło. Nikt niczego nie słyszał, ale w kuchni stała szklanka, której nikt z nas "
    "nie używał.",
    "Danish": "Da vi kom hjem i aftes, var døren åben, og lyset i gangen brændte endnu. Ingen "
    "havde hørt noget, men i køkkenet stod der et glas, som ingen af os havde brugt.",
    "Dutch": "De gemeente heeft besloten om het park aan de rand van de stad te vernieuwen. "
    "Volgens de wethouder is er te weinig groen in de wijk, en willen de bewoners meer plekken "
    "waar kinderen kunnen spelen. Het plan wordt in het voorjaar besproken.",
    # Full of the words that the two languages share.
    "Dutch, spoken": "We waren in de tuin en het was over zes toen er iemand riep. Of het nu was "
    "omdat we had gegeten of niet, we hebben in die tijd over alles gesproken. Is dat van de man "
    "die in het huis was, of is het van ons? Dat was in de tijd over welke we had gehoord.",
    "Russian": "Когда мы вчера вечером вернулись домой, дверь была открыта, а свет ещё горел.",
    "Chinese": "我们昨晚回家时，门是开着的，走廊里的灯还亮着。没有人听到什么。",
    "code": "def main(argv: list[str]) -> int:\n    parser = ArgumentParser()\n"
    "    parser.add_argument('--path', type=Path, default=None)\n"
    "    args = parser.parse_args(argv)\n    return run(args.path.read_text().splitlines())",
    "words": "apple river candle stone bridge window copper marble garden silver thunder pepper",
    "numbers": "12 4.5 1,000 2026-01-01 77% 0x1F",
    "nothing": "",
}


@pytest.mark.parametrize("text", ENGLISH.values(), ids=ENGLISH.keys())
def test_english(text: str) -> None:
    assert function_word_share([text]) > MIN_FUNCTION_WORD_SHARE


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_other_than_english(text: str) -> None:
    assert function_word_share([text]) < MIN_FUNCTION_WORD_SHARE


def test_share_is_over_all_texts() -> None:
    assert function_word_share(["The cat", "and stone walls", ""]) == pytest.approx(2 / 5)
