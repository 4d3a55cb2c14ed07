/** Work in slices, so that the page stays as quick as it was. */

/** Well under the 50 ms from which a task counts as long, beside the page's own. */
const SLICE = 8;

interface Scheduler {
  readonly postTask?: (task: () => void, options: { priority: "background" }) => Promise<void>;
}

/** Let the page go first. */
export async function pause(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: Scheduler };
  if (scheduler?.postTask) await scheduler.postTask(() => undefined, { priority: "background" });
  else await new Promise((resolve) => setTimeout(resolve));
}

/** Calls `each` for everything of `items`, pausing whenever a slice is used up. */
export async function inSlices<T>(items: Iterable<T>, each: (item: T) => void): Promise<void> {
  let end = performance.now() + SLICE;
  for (const item of items) {
    each(item);
    if (performance.now() >= end) {
      await pause();
      end = performance.now() + SLICE;
    }
  }
}
