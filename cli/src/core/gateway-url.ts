// Addresses of the gateway's resources.

export type GatewayUrl = { kind: 'url'; url: URL } | { kind: 'wrong'; message: string }

/** CPC_GATEWAY_URL, or `--gateway`, as a base address. */
export function parseGatewayUrl(text: string | undefined): GatewayUrl {
  if (text === undefined || text === '') {
    return {
      kind: 'wrong',
      message:
        'Which gateway? Set CPC_GATEWAY_URL, for example by: source .dev/env (written by make up), or give --gateway.',
    }
  }
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) {
    return { kind: 'wrong', message: `CPC_GATEWAY_URL is no http or https address: ${text}` }
  }
  return { kind: 'url', url: new URL(url.href.endsWith('/') ? url : `${url.href}/`) }
}

/** The address of `path` below the gateway's base. */
export function resourceUrl(base: URL, path: string): URL {
  return new URL(path.replace(/^\//, ''), base)
}

/** The address of a session's socket. */
export function terminalUrl(base: URL, session: string): URL {
  const url = resourceUrl(base, `ws/terminal/${encodeURIComponent(session)}`)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}
