// A binary heap: the smallest element first, by the order it is given.

export interface Heap<T> {
  readonly size: number
  peek(): T | undefined
  push(item: T): void
  pop(): T | undefined
  /** Holds exactly `next` from now on. */
  reset(next: Iterable<T>): void
}

/** @param before whether `a` comes out earlier than `b` */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = []

  function swap(a: number, b: number): void {
    const held = items[a] as T
    items[a] = items[b] as T
    items[b] = held
  }

  function isBefore(a: number, b: number): boolean {
    return before(items[a] as T, items[b] as T)
  }

  function rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!isBefore(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }

  function sink(): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1
      if (left >= items.length) return
      const child = left + 1 < items.length && isBefore(left + 1, left) ? left + 1 : left
      if (!isBefore(child, at)) return
      swap(child, at)
      at = child
    }
  }

  function push(item: T): void {
    items.push(item)
    rise(items.length - 1)
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push,
    reset(next) {
      items.length = 0
      for (const item of next) push(item)
    },
    pop() {
      if (items.length > 1) swap(0, items.length - 1)
      const item = items.pop()
      sink()
      return item
    },
  }
}
