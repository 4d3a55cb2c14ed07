/** A page, or a frame of it, under check: has it read, asks about it, and shows what is answered. */

import { words as wordsOf, type Words } from "../shared/i18n";
import type { Answer, PageCommand, ToPage } from "../shared/messages";
import { MIN_WORDS } from "../shared/score";
import { DEFAULTS, view, type View } from "../shared/settings";
import { INITIAL, type State } from "../shared/state";
import { moreCard, scoreCard, stateCard } from "./card";
import { Display } from "./display";
import type { Eyes } from "./extract";
import { Link } from "./link";
import { Overlay } from "./overlay";
import { elementsOf, excerpt, Passages, type Change, type Passage } from "./passages";
import { distance, isNear, isVisible, scrollTo, startOf, within } from "./place";
import { Reader } from "./reader";
import { Selection } from "./selection";
import { pause } from "./slices";
import { Timers } from "./timers";
import { following } from "./walk";
import { Watch, type Reactions } from "./watch";

/** Asked about at once. Few, so that a reader who scrolls on is not kept waiting. */
const ASKED = 24;
/** How far from the screen a passage is of interest, in heights of it. */
const INTEREST = 1.5;
/** Milliseconds. */
const LOOK = 30;
const SCROLL = 100;
const REPORT = 150;
const FRAMED = 150;
const HOVER = 120;
/** A tooltip waits that long for a pointer that left its passage: a slow hand may be on its way there. */
const LEAVE = 300;
const FRAME = 16;
/** After these something may be in view, or visible, that was not, or the other way round. */
const LOOKED_AT = ["scroll", "resize", "click", "toggle", "transitionend", "animationend"];

/** What there is while a page is checked. */
interface Check {
  readonly passages: Passages;
  readonly watch: Watch;
  readonly reader: Reader;
  readonly display: Display;
  /** Whether all of it was asked for, not only what is near. */
  whole: boolean;
}

/** Chrome's alone. */
interface PrerenderedDocument extends Document {
  readonly prerendering?: boolean;
}

export class Page {
  private check: Check | null = null;
  private view: View = view(DEFAULTS);
  private minWords = MIN_WORDS;
  private state: State = INITIAL;
  private words: Words = wordsOf("auto");
  private readonly overlay = new Overlay();
  private readonly timers = new Timers();
  private readonly selection = new Selection();
  private readonly link: Link;
  /** The passage revealed last: the walk goes on from there. */
  private revealedId = 0;
  /** What the tooltip is about, where it is not the selection. */
  private told: Passage | null = null;
  /** Where that stood when it was said. */
  private toldAt = new DOMRect();
  /** Whether the tooltip stays without a pointer. */
  private stays = false;
  /** Whether it says that the walk waits for what is not scored. */
  private saysMore = false;
  private listening = new AbortController();

  private readonly eyes: Eyes;

  constructor(eyes: Omit<Eyes, "isOwn">) {
    this.eyes = { ...eyes, isOwn: (node) => this.overlay.owns(node) };
    this.listening.abort();
    this.link = new Link({
      hear: (message) => {
        this.hear(message);
      },
      isActive: () => this.isActive,
      isWaiting: () => this.selection.waiting !== null || this.asked().length > 0,
      again: () => {
        this.askAgain();
      },
      orphaned: () => {
        this.stop();
      },
    });
    this.travel();
  }

  get isActive(): boolean {
    return this.check !== null;
  }

  /** Make the worker know of this page, be it a new worker or a page that was there before. */
  present(): void {
    // Loaded ahead of a visit: the worker would judge it by the page that its tab still shows.
    if ((document as PrerenderedDocument).prerendering === true) {
      document.addEventListener("prerenderingchange", this.presentLater, { once: true });
    } else if (this.link.open()) this.report();
  }

  /** One listener, however often it is asked for. */
  private readonly presentLater = (): void => {
    this.present();
  };

  /** Whether the walk from mark to mark is here. */
  get hasLed(): boolean {
    return this.revealedId !== 0;
  }

  /** Whether there was something to do. */
  obey(command: PageCommand): boolean {
    switch (command.kind) {
      case "return":
        this.present();
        break;
      case "forget":
        this.forget();
        break;
      case "reveal": {
        const passage = this.check?.passages.get(command.id);
        if (passage) void this.reveal(passage);
        break;
      }
      case "next":
        return this.revealNext();
      case "whole":
        if (this.check) this.check.whole = true;
        this.ask();
        break;
      case "selection":
        this.checkSelection(command.text);
        break;
    }
    return true;
  }

  private hear(message: ToPage): void {
    switch (message.kind) {
      case "start":
      case "view":
        this.see(message.view, message.minWords);
        if (message.kind === "start") this.start();
        break;
      case "stop":
        this.stop();
        break;
      case "state":
        this.state = message.state;
        if (this.selection.waiting) this.showTip(stateCard(this.state, this.words));
        else if (this.saysMore) this.sayMoreComes();
        break;
      case "answer":
        this.take(message.answer);
        break;
    }
  }

  private see(seen: View, minWords: number): void {
    const rejoined = minWords !== this.minWords;
    this.view = seen;
    this.minWords = minWords;
    this.words = wordsOf(seen.language);
    if (!this.check) return;
    this.check.display.change(seen);
    if (rejoined) {
      // Other texts are long enough now: they are joined anew, as a whole.
      this.stop();
      this.start();
      return;
    }
    this.lookSoon();
    this.reportSoon();
  }

  private start(): void {
    // A document that is only an image or an XML file has nothing to read.
    if (this.check || !(document.body as HTMLElement | null)) return;
    const passages = new Passages();
    const display = new Display(this.view, this.overlay);
    const reactions: Reactions = {
      changed: (nodes) => {
        reader.read(nodes);
      },
      moved: () => {
        this.lookSoon();
      },
      framed: () => {
        this.timers.soon("framed", FRAMED, () => {
          this.link.say({ kind: "framed" });
        });
      },
      renewed: () => {
        this.listening.abort();
        this.listen();
      },
    };
    const watch = new Watch(reactions, this.eyes.isOwn);
    const reader = new Reader(passages, watch, this.timers, this.eyes, () => this.minWords, {
      tree: (root) => {
        watch.root(root);
        display.adopt(root);
      },
      changed: (change) => {
        this.update(change);
      },
      done: ({ moved }) => {
        if (moved.length > 0) this.paint();
        this.lookSoon();
        this.reportSoon();
      },
    });
    this.check = { passages, watch, reader, display, whole: false };
    watch.root(document);
    this.listen();
    // The new style sheet has the browser look at all styles once; that is a task of its own.
    void pause().then(() => {
      reader.read([document.body]);
    });
  }

  private stop(): void {
    const { check } = this;
    const asked = this.asked().map(({ id }) => id);
    this.check = null;
    if (asked.length > 0) this.link.say({ kind: "cancel", ids: asked });
    check?.reader.stop();
    check?.watch.dispose();
    check?.display.dispose();
    this.timers.clear();
    this.listening.abort();
    this.revealedId = 0;
    this.closeTip();
    this.overlay.dispose();
  }

  private update({ removed, moved }: Change): void {
    const gone = removed.filter(({ stage }) => stage === "asked").map(({ id }) => id);
    if (gone.length > 0) this.link.say({ kind: "cancel", ids: gone });
    for (const passage of [...removed, ...moved]) this.check?.display.unpaint(passage);
  }

  /** The scores were another server's, or another model's. */
  private forget(): void {
    for (const passage of this.all()) {
      this.check?.display.unpaint(passage);
      passage.score = null;
      // What is asked already will be answered by the one of now.
      if (passage.stage === "scored") passage.stage = "new";
    }
    this.lookSoon();
    this.reportSoon();
  }

  private listen(): void {
    if (!this.listening.signal.aborted) return;
    this.listening = new AbortController();
    const options = { capture: true, passive: true, signal: this.listening.signal };
    const look = () => {
      this.timers.soon("scroll", SCROLL, () => {
        // What is shown or hidden in its place is seen by no observer.
        const turned = this.check?.watch.turned() ?? [];
        if (turned.length > 0) this.check?.reader.read(turned);
        this.look();
      });
      if (this.check?.display.hasBars === true) this.placeBarsSoon();
    };
    for (const name of LOOKED_AT) addEventListener(name, look, options);
    const point = (event: PointerEvent) => {
      if (this.overlay.owns(event.target)) {
        // It was on its way here: what it passed is not what it rests on.
        this.timers.cancel("hover");
        this.timers.cancel("leave");
        return;
      }
      this.timers.afterLast("hover", HOVER, () => {
        this.point(event.clientX, event.clientY);
      });
    };
    addEventListener("pointermove", point, options);
    const press = (event: PointerEvent) => {
      if (!this.overlay.owns(event.target)) this.closeTip();
    };
    addEventListener("pointerdown", press, options);
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") this.closeTip();
    };
    addEventListener("keydown", key, options);
  }

  /**
   * A page kept for the way back has no line meanwhile; it opens another when it returns. So does one that
   * is not checked, for as long as it lives: it may be asked for again.
   */
  private travel(): void {
    const hide = () => {
      this.link.leave();
    };
    addEventListener("pagehide", hide, { capture: true });
    const show = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) return;
      this.link.comeBack();
      this.present();
    };
    addEventListener("pageshow", show, { capture: true });
  }

  private all(): Passage[] {
    return [...(this.check?.passages.all ?? [])];
  }

  private asked(): Passage[] {
    return this.all().filter(({ stage }) => stage === "asked");
  }

  private lookSoon(): void {
    this.timers.soon("look", LOOK, () => {
      this.look();
    });
  }

  private look(): void {
    // Nobody else tells that the extension was removed or replaced while its worker slept.
    if (!this.link.isAlive()) return;
    this.ask();
    this.paint();
    this.reviseTip();
  }

  /** Passages near the reader, the nearest first. */
  private nearest(wanted: (passage: Passage) => boolean): Passage[] {
    if (!this.check) return [];
    const near = new Set<Passage>();
    const height = window.innerHeight || 1;
    const reach = INTEREST * height;
    for (const element of this.check.watch.near) {
      const there = [...this.check.passages.at(element)];
      for (const passage of within(element, there, reach, height)) {
        if (wanted(passage)) near.add(passage);
      }
    }
    return [...near]
      .map((passage) => ({ passage, away: distance(passage, height) }))
      .filter(({ away }) => away <= reach)
      .sort((a, b) => a.away - b.away)
      .map(({ passage }) => passage);
  }

  private ask(): void {
    if (!this.check) return;
    this.letGo();
    const room = ASKED - this.asked().length;
    if (room <= 0) return;
    const isNew = ({ stage }: Passage) => stage === "new";
    const next = this.nearest(isNew).slice(0, room);
    if (this.check.whole && next.length < room) {
      const others = this.all().filter((one) => isNew(one) && !next.includes(one));
      next.push(...others.slice(0, room - next.length));
    }
    if (next.length === 0) return;
    for (const passage of next) passage.stage = "asked";
    this.link.say({ kind: "ask", texts: next.map(({ id, text }) => ({ id, text })) });
  }

  /** Wait no longer for what was scrolled away. */
  private letGo(): void {
    if (!this.check || this.check.whole) return;
    const { near } = this.check.watch;
    const left = this.asked().filter((passage) => !isNear(passage, near));
    if (left.length > 0) this.link.say({ kind: "cancel", ids: left.map(({ id }) => id) });
    for (const passage of left) passage.stage = "new";
  }

  private askAgain(): void {
    const { waiting } = this.selection;
    if (waiting) this.link.say({ kind: "ask", texts: [waiting] });
    for (const passage of this.asked()) passage.stage = "new";
    this.report();
    this.ask();
  }

  private take({ id, score }: Answer): void {
    if (this.selection.isAnswered(id)) {
      this.showTip(scoreCard(score, this.minWords, this.words));
      return;
    }
    const passage = this.check?.passages.get(id);
    if (!passage) return;
    passage.score = score;
    passage.stage = "scored";
    this.lookSoon();
    this.reportSoon();
  }

  private paint(): void {
    this.check?.display.paint(this.nearest(({ score }) => score !== null));
    this.placeBarsSoon();
  }

  private placeBarsSoon(): void {
    this.timers.soon("bars", FRAME, () => {
      this.check?.display.placeBars();
    });
  }

  private reportSoon(): void {
    this.timers.soon("report", REPORT, () => {
      this.report();
    });
  }

  private report(): void {
    if (!this.check) return;
    const report = this.check.passages.report(this.view.threshold);
    this.link.say({ kind: "report", report });
  }

  /** The pointer rests there. */
  private point(x: number, y: number): void {
    if (!this.link.isAlive()) return;
    // The answer to a question is not to be missed.
    if (this.selection.waiting) return;
    const passage = this.check?.display.passageAt(x, y);
    if (passage?.score) {
      this.timers.cancel("leave");
      this.selection.close();
      this.stays = false;
      const card = scoreCard(passage.score, this.minWords, this.words);
      this.showTip(card, passage, new DOMRect(x, y - 8, 1, 16));
    } else {
      this.timers.soon("leave", LEAVE, () => {
        if (!this.selection.isOpen && !this.stays) this.closeTip();
      });
    }
  }

  /**
   * About a passage at a place, or about the selection, which has its own.
   *
   * @param quoted what says to whoever does not see the place which passage it is
   */
  private showTip(
    card: HTMLElement,
    about: Passage | null = null,
    place = this.selection.place,
    quoted = "",
  ): void {
    this.told = about;
    this.saysMore = false;
    this.toldAt = this.toldPlace();
    // What the pointer rests on is no answer to anything.
    const aloud = about === null || this.stays;
    this.overlay.showTip(card, place, this.words.language, aloud ? quoted : null);
  }

  private toldPlace(): DOMRect {
    return this.told ? startOf(this.told).getBoundingClientRect() : this.selection.place;
  }

  /** A tooltip goes when what it is about does, or moves: it would speak of whatever is there instead. */
  private reviseTip(): void {
    if (!this.overlay.tipShown || this.selection.waiting) return;
    const { told, toldAt } = this;
    if (
      this.saysMore &&
      following(this.all(), this.revealedId, this.view.threshold) !== "waiting"
    ) {
      this.closeTip();
      return;
    }
    const isKnown = !told || (told.score && this.check?.passages.get(told.id) === told);
    const { left, top } = this.toldPlace();
    if (!isKnown || left !== toldAt.left || top !== toldAt.top) this.closeTip();
  }

  private closeTip(): void {
    this.dropSelection();
    this.told = null;
    this.stays = false;
    this.saysMore = false;
    this.overlay.hideTip();
  }

  private async reveal(passage: Passage): Promise<void> {
    if (!isVisible(passage)) {
      this.check?.reader.read(elementsOf(passage));
      return;
    }
    const place = await scrollTo(passage);
    // That may take seconds, in which the page was stopped or the passage went.
    if (this.check?.passages.get(passage.id) !== passage) return;
    this.look();
    if (!passage.score) return;
    this.dropSelection();
    this.revealedId = passage.id;
    this.stays = true;
    const card = scoreCard(passage.score, this.minWords, this.words);
    this.showTip(card, passage, place, excerpt(passage.text));
  }

  /** The next marked passage after the one shown last, in the order of the page; false at its end. */
  private revealNext(): boolean {
    if (!this.check) return false;
    // Who walks from mark to mark wants them all.
    this.check.whole = true;
    this.ask();
    const next = following(this.all(), this.revealedId, this.view.threshold);
    if (next === "waiting") this.sayMoreComes();
    else if (next) void this.reveal(next);
    else if (this.hasLed) {
      this.revealedId = 0;
      this.closeTip();
    }
    return next !== null;
  }

  /** Where the walk stands, or in the middle of the screen if it has not begun. */
  private sayMoreComes(): void {
    const last = this.check?.passages.get(this.revealedId) ?? null;
    this.dropSelection();
    this.stays = true;
    const middle = new DOMRect(window.innerWidth / 2, window.innerHeight / 2);
    const place = last ? startOf(last).getBoundingClientRect() : middle;
    this.showTip(moreCard(this.state, this.words), last, place);
    this.saysMore = true;
  }

  private checkSelection(text: string): void {
    this.dropSelection();
    const asked = this.selection.take(text);
    this.listen();
    this.showTip(stateCard(this.state, this.words));
    this.link.say({ kind: "ask", texts: [asked] });
  }

  /** Who closes the tooltip waits for its answer no more. */
  private dropSelection(): void {
    const { waiting } = this.selection;
    this.selection.close();
    if (waiting) this.link.say({ kind: "cancel", ids: [waiting.id] });
  }
}
