/** Timers by name, so that what is asked for a hundred times is done once. */
export class Timers {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  /** Run `then` once after `wait` milliseconds, however often it is asked for meanwhile. */
  soon(name: string, wait: number, then: () => void): void {
    if (this.timers.has(name)) return;
    const timer = setTimeout(() => {
      this.timers.delete(name);
      then();
    }, wait);
    this.timers.set(name, timer);
  }

  /** The same, counted from the last time it is asked for. */
  afterLast(name: string, wait: number, then: () => void): void {
    this.cancel(name);
    this.soon(name, wait, then);
  }

  cancel(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
