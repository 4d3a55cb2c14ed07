/** What the reader chose. Kept in `storage.local`, which content scripts can't read. */

export type Style = "underline" | "background" | "margin";
export type Language = "auto" | "en" | "de";

export interface Settings {
  /** No slash at its end; with a path where a proxy has it under one. */
  readonly server: string;
  readonly token: string;
  readonly automatic: boolean;
  /** Host names checked without a click even where `automatic` is off. */
  readonly sitesOn: readonly string[];
  /** Host names never checked, nor what lies below them. */
  readonly sitesOff: readonly string[];
  readonly style: Style;
  /** Passages below this probability are not marked; 0 marks all the server calls ai or unclear. */
  readonly threshold: number;
  readonly language: Language;
}

export const DEFAULTS: Settings = {
  server: "http://127.0.0.1:8765",
  token: "",
  automatic: false,
  sitesOn: [],
  sitesOff: [],
  style: "underline",
  threshold: 0,
  language: "auto",
};

/** What a page's marks depend on; all of the settings that a content script is told. */
export type View = Pick<Settings, "style" | "threshold" | "language">;

export function view(settings: Settings): View {
  const { style, threshold, language } = settings;
  return { style, threshold, language };
}

export async function loadSettings(): Promise<Settings> {
  const stored = await chrome.storage.local.get(Object.keys(DEFAULTS));
  return { ...DEFAULTS, ...stored };
}

export async function saveSettings(change: Partial<Settings>): Promise<void> {
  await chrome.storage.local.set(change);
}

/**
 * The address that one typed by hand means, no slash at its end; null where it means none.
 * A bare host gets http, as on the reader's own machine.
 */
export function serverAddress(typed: string): string | null {
  const text = typed.trim();
  // Browsers differ in what they make of a space within a host.
  if (/\s/.test(text)) return null;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  try {
    const url = new URL(address);
    const plain = url.username === "" && url.password === "" && url.search === "";
    const web = url.protocol === "http:" || url.protocol === "https:";
    // A host name with a star is a pattern to the browser, and mostly a broken one.
    const named = url.hostname !== "" && !url.hostname.includes("*");
    return web && plain && named ? url.origin + url.pathname.replace(/\/+$/, "") : null;
  } catch {
    return null; // What URL can't read is no address; the form says so.
  }
}

/** Text sent there travels in the clear over a network. */
export function isExposed(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "http:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** The permission that fetching from there needs. It knows no port, and no path. */
export function originPattern(address: string): string {
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}

/** The host name by which the sites are kept, or null for a page that can't be checked. */
export function siteOf(address: string | undefined): string | null {
  if (address === undefined || !URL.canParse(address)) return null;
  const { protocol, hostname } = new URL(address);
  return protocol === "http:" || protocol === "https:" ? hostname : null;
}

/** The site that a reader names, by itself or by the address of a page; null where that is none. */
export function siteNamed(typed: string): string | null {
  return siteOf(serverAddress(typed.replace(/[?#].*$/s, "")) ?? undefined);
}

export function sitePatterns(site: string): string[] {
  return [`http://${site}/*`, `https://${site}/*`];
}

/** All that a site left out stands for: its subdomains too, which an IP address has none of. */
export function sitesBelow(site: string): string {
  return `*://${/^[\d.]+$|^\[/.test(site) ? "" : "*."}${site}/*`;
}

function covers(site: string, host: string): boolean {
  return host === site || host.endsWith(`.${site}`);
}

export function isLeftOut({ sitesOff }: Pick<Settings, "sitesOff">, host: string): boolean {
  return sitesOff.some((site) => covers(site, host));
}

/**
 * The settings after a site was switched on or off by hand: the last word counts, so what
 * contradicts it leaves the other list.
 */
export function withSite(
  settings: Settings,
  site: string,
  on: boolean,
): Pick<Settings, "sitesOn" | "sitesOff"> {
  const { sitesOn, sitesOff } = settings;
  return on
    ? {
        sitesOn: [...sitesOn.filter((other) => other !== site), site],
        sitesOff: sitesOff.filter((other) => !covers(other, site)),
      }
    : {
        sitesOn: sitesOn.filter((other) => !covers(site, other)),
        sitesOff: [...sitesOff.filter((other) => other !== site), site],
      };
}

export function runsByItself(settings: Settings, site: string | null): boolean {
  if (site === null || isLeftOut(settings, site)) return false;
  return settings.automatic || settings.sitesOn.includes(site);
}
