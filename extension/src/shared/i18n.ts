/** The extension's own words, in the language of the browser or the one chosen in the options. */

import de from "../../_locales/de/messages.json";
import en from "../../_locales/en/messages.json";
import type { Language } from "./settings";

export type Key = keyof typeof en;

interface Message {
  readonly message: string;
}

const CATALOGUES: Record<"en" | "de", Record<Key, Message>> = { en, de };

export interface Words {
  readonly language: "en" | "de";
  /** `$1`, `$2` stand for the values. */
  say(key: Key, ...values: (string | number)[]): string;
  percent(share: number): string;
  count(n: number): string;
}

/** chrome.i18n knows the browser's language only; a choice needs the catalogues themselves. */
export function words(chosen: Language, browser: string = navigator.language): Words {
  const language = chosen === "auto" ? (browser.startsWith("de") ? "de" : "en") : chosen;
  const integer = new Intl.NumberFormat(language);
  const share = new Intl.NumberFormat(language, { style: "percent" });
  return {
    language,
    say: (key, ...values) =>
      CATALOGUES[language][key].message.replace(/\$(\d)/g, (_, n) =>
        String(values[Number(n) - 1] ?? ""),
      ),
    // Certainty is never claimed: 99.7% is not shown as 100%, nor 0.3% as 0%.
    percent: (value) => share.format(Math.min(0.99, Math.max(0.01, value))),
    count: (n) => integer.format(n),
  };
}

/** Fill every `data-say` (text) and `data-label` (accessible name) of the document. */
export function translate(language: Words): void {
  document.documentElement.lang = language.language;
  for (const element of document.querySelectorAll<HTMLElement>("[data-say]")) {
    element.textContent = language.say(element.dataset.say as Key);
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-label]")) {
    element.ariaLabel = language.say(element.dataset.label as Key);
  }
}
