// Who we say we are to the gateway.

export const VERSION = '0.1.0'
export const CLIENT = { name: 'cpc', version: VERSION }
