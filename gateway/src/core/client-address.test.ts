import { describe, expect, it } from 'vitest'
import { addressKey, clientAddress } from './client-address.ts'

describe('client address', () => {
  it.each([
    { title: 'no proxy: the header is anybody’s', remote: '10.0.0.9', forwarded: '1.2.3.4', hops: 0, is: '10.0.0.9' },
    {
      title: 'one proxy: its entry is the last',
      remote: '10.0.0.9',
      forwarded: '6.6.6.6, 1.2.3.4',
      hops: 1,
      is: '1.2.3.4',
    },
    { title: 'two proxies', remote: '10.0.0.9', forwarded: '6.6.6.6, 1.2.3.4, 10.0.0.8', hops: 2, is: '1.2.3.4' },
    { title: 'fewer entries than proxies', remote: '10.0.0.9', forwarded: '1.2.3.4', hops: 2, is: '10.0.0.9' },
    { title: 'IPv4 on an IPv6 socket', remote: '::ffff:10.0.0.9', forwarded: undefined, hops: 0, is: '10.0.0.9' },
    { title: 'a port', remote: 'x', forwarded: '1.2.3.4:555', hops: 1, is: '1.2.3.4' },
    { title: 'brackets', remote: 'x', forwarded: '[2001:db8::1]:555', hops: 1, is: '2001:db8::1' },
    { title: 'nothing', remote: undefined, forwarded: undefined, hops: 0, is: 'unknown' },
  ])('[G10] $title', ({ remote, forwarded, hops, is }) => {
    expect(clientAddress(remote, forwarded, hops)).toBe(is)
  })

  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('[G10] %s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})
