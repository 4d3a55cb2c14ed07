"""English is told from other languages, code and lists of words, whoever wrote it."""

from __future__ import annotations

import pytest

from byline.language import function_word_shares, is_english

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
    "poem": "The curfew tolls the knell of parting day, the lowing herd wind slowly o'er the lea, "
    "the plowman homeward plods his weary way, and leaves the world to darkness and to me.",
    "headlines": "Rates Rise Again as Inflation Bites. Mayor Quits After Leak of Emails. Rain "
    "Stops Play and Ends the Series. Why Your Bill Is Going Up. Five Things to Know This Week.",
    "recipe": "Melt 50 g butter with the honey. Beat 2 eggs and 1 cup sugar, fold in 200 g flour "
    "and a pinch of salt. Pour into a greased tin, bake 40 minutes at 180 degrees, cool before "
    "slicing.",
    "list": "Things to bring: two pairs of boots, a tent that keeps out rain, matches, water for "
    "three days, a map. Leave at home: your phone, all glass bottles, anything you would miss.",
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
    "Italian": "La mattina il mercato si riempie di gente che compra frutta, pane e pesce fresco. "
    "I venditori parlano a voce alta, e chi arriva presto trova i prezzi migliori. A mezzogiorno "
    "le bancarelle chiudono, la piazza si svuota e do un ultimo sguardo al porto, dove le barche "
    "aspettano.",
    "Latin": "Erat olim in urbe parva vir senex, qui cum filia sua habitabat. A multis amabatur, "
    "quod pauperibus semper panem dabat. At quodam die hostes ad portas venerunt, et omnes cives "
    "timebant. Senex autem dixit: do vobis consilium, amici. Me ducem sequimini, et ad montes "
    "fugiamus, his periculis relictis.",
    "Polish": "Rano poszedłem do sklepu, a potem do parku, bo było ciepło i nie chciało mi się "
    "siedzieć w domu. Spotkałem tam sąsiada, który szedł na most z psem. Rozmawialiśmy o tym, co "
    "robić latem, i o dzieciach, które wyjechały do miasta, by się uczyć. One dzwonią co tydzień.",
    "Danish": "I dag er der mange, som vælger at tage toget i stedet for bilen, for det er "
    "hurtigt og billigt at komme ind til byen. De kan læse en bog på vejen, og de har tid til at "
    "se ud ad vinduet. Alle får mere ro, og man kan have sin cykel med i toget.",
    "Dutch": "De gemeente heeft besloten om het park aan de rand van de stad te vernieuwen. "
    "Volgens de wethouder is er te weinig groen in de wijk, en willen de bewoners meer plekken "
    "waar kinderen kunnen spelen. Het plan wordt in het voorjaar besproken.",
    # Full of the words that the two languages share.
    "Dutch, spoken": "We waren in de tuin en het was over zes toen er iemand riep. Of het nu was "
    "omdat we had gegeten of niet, we hebben in die tijd over alles gesproken. Is dat van de man "
    "die in het huis was, of is het van ons? Dat was in de tijd over welke we had gehoord.",
    "Norwegian": "I helgen skal vi på hytta for å gå på ski, og så må vi ha med mat for to dager. "
    "Far sier at det er for kaldt i år, men mor vil av sted like før det blir lyst. Hun har alt "
    "klart, og vi har lovet å hjelpe til med å måke snø.",
    "Hungarian": "A falu szélén állt a régi malom, a patak mellett. A molnár a fiával élt ott, és "
    "a gyerekek minden nap odamentek a partra játszani. A hídon át vezetett az út a hegyre, de a "
    "legtöbben be sem mentek a malomba. Most a ház üres, a kerék áll, és az ablakok be vannak "
    "törve.",
    "Hungarian, formal": "A bizottság a javaslatot a jövő héten tárgyalja, a döntés a parlament "
    "elé kerül. A kormány a költségvetés egy részét a vasút fejlesztésére fordítja, a többit a "
    "kórházak kapják. A miniszter szerint a munka a nyár végére befejeződik, be is mutatja a "
    "terveket a sajtónak.",
    "Catalan": "A la tarda vam anar a casa dels avis, on ens esperava la família. A la cuina feia "
    "olor de pa i d'all, i els nens jugaven a fora. Per a l'àvia era un dia gran, i a mi em va "
    "fer molta il·lusió. Any rere any has de venir, no pot ser que no ens vegem.",
    "Portuguese": "A cidade acordou com o som dos sinos e a chuva a cair. A menina abriu a janela "
    "do quarto, olhou a rua e viu o pai a falar com o homem do pão. O mercado só abre às nove, "
    "mas a avó já tinha saído. Se for preciso, vamos a pé do largo a casa.",
    "Czech": "Ráno jsem šel do města a koupil jsem si chleba a mléko. Na náměstí bylo hodně lidí, "
    "a tak jsem se dlouho nezdržel. Doma jsem dal do trouby maso, a pak jsem volal sestře, jak se "
    "má. Řekla mi, že to je dobré, a že by ráda přijela i s dětmi do konce roku.",
    "Irish": "Bhí an ghrian ag taitneamh ar an bhfarraige agus chuaigh mé síos go dtí an trá a "
    "bhí in aice leis an teach. Bhí a lán daoine ann, agus bhí an t-uisce an-fhuar. Chonaic mé an "
    "bád a thagann as an oileán gach lá, agus d'fhan mé ann go dtí an oíche, mar a dúirt mé.",
    "Afrikaans": "Die kinders het in die tuin gespeel so lank as wat dit lig was, en my ouma het "
    "op die stoep gesit. Sy sê dat sy nie so baie kan loop as toe sy jonk was nie. Ons het by "
    "haar tafel koffie gedrink, en my broer is so moeg dat hy by die vuur aan die slaap raak.",
    "Romanian": "Satul are o biserică veche, a cărei poartă a fost deschisă de preot. Fata are un "
    "frate mai mare, care a plecat a doua zi la oraș. Mama i-a dat pâine și a rămas a-l privi de "
    "la fereastră. Am auzit că are de gând să se întoarcă, dar nu are bani și nu o spune.",
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
    assert is_english([text])


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_other_than_english(text: str) -> None:
    assert not is_english([text])


def test_share_is_over_all_texts() -> None:
    shares = function_word_shares(["The cat", "and a stone wall", ""])
    assert shares == pytest.approx((3 / 6, 2 / 6))
