// The two images that the cluster itself needs. Their names carry a hash of their content, so that a changed one is
// rolled out like any other image.

/** Full names with tags. */
export interface OwnImages {
  /** Holds pods open and makes volume folders. */
  readonly node: string
  /** CoreDNS. */
  readonly dns: string
}

export interface OwnImageRecipe {
  /** Component whose programs go in. */
  readonly component: string
  readonly files: readonly string[]
  readonly dockerfile: string
}

export const ownImageRecipes: Readonly<Record<keyof OwnImages, OwnImageRecipe>> = {
  node: {
    component: 'node-image',
    files: ['pause', 'volume'],
    dockerfile: 'FROM scratch\nCOPY pause volume /\nENTRYPOINT ["/pause"]\n',
  },
  dns: {
    component: 'coredns',
    files: ['coredns'],
    dockerfile: 'FROM scratch\nCOPY coredns /coredns\nUSER 65532:65532\nENTRYPOINT ["/coredns"]\n',
  },
}
