// /openapi.json from the schemas that check the requests (G9).
import { z } from 'zod'
import * as schemas from './api-schemas.ts'

/** Version of the API, not of the software behind it (G11). */
const API_DOCUMENT_VERSION = 'v1'

type Json = Record<string, unknown>

/** Schemas by the name they have in the document. */
const COMPONENTS = {
  Session: schemas.sessionBody,
  SessionList: schemas.sessionListBody,
  CreateSession: schemas.createSessionBody,
  CreateTicket: schemas.createTicketBody,
  Ticket: schemas.ticketBody,
  Whoami: schemas.whoamiBody,
  Health: schemas.healthBody,
  Problem: schemas.problem,
} as const
type ComponentName = keyof typeof COMPONENTS

/** The document, OpenAPI 3.1. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Claude Pocket Console gateway',
      version: API_DOCUMENT_VERSION,
      description: 'Sessions over REST. The terminal itself is a WebSocket at /ws/terminal/{id}, subprotocol cpc.v1.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths: PATHS,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries(Object.entries(COMPONENTS).map(([name, schema]) => [name, jsonSchema(schema)])),
    },
  }
}

/** Plain JSON Schema: the CRD's own extensions are for the API server. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      for (const key of Object.keys(jsonSchema)) {
        if (key.startsWith('x-kubernetes-')) Reflect.deleteProperty(jsonSchema, key)
      }
    },
  })
  return rest
}

function content(name: ComponentName, type = 'application/json'): Json {
  return { content: { [type]: { schema: { $ref: `#/components/schemas/${name}` } } } }
}

function answer(description: string, name?: ComponentName): Json {
  return { description, ...(name ? content(name) : {}) }
}

const REFUSALS = {
  default: { description: 'A refusal.', ...content('Problem', 'application/problem+json') },
}

const idParameter = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: "The session's name.",
}
const header = (name: string, description: string) => ({ name, in: 'header', schema: { type: 'string' }, description })

const PATHS: Json = {
  '/api/v1/sessions': {
    get: {
      operationId: 'listSessions',
      summary: "The caller's sessions, newest first",
      responses: { 200: answer('The sessions.', 'SessionList'), ...REFUSALS },
    },
    post: {
      operationId: 'createSession',
      summary: 'Make a session',
      parameters: [
        header('Idempotency-Key', 'Makes a repeated request return the same session.'),
        header('Prefer', 'wait=SECONDS: how long to wait for Ready.'),
      ],
      requestBody: { required: false, ...content('CreateSession') },
      responses: {
        201: answer('It is ready, or has failed.', 'Session'),
        202: answer('It is still being made; look again.', 'Session'),
        ...REFUSALS,
      },
    },
  },
  '/api/v1/sessions/{id}': {
    parameters: [idParameter],
    get: {
      operationId: 'getSession',
      summary: 'One session',
      responses: { 200: answer('The session.', 'Session'), ...REFUSALS },
    },
    delete: {
      operationId: 'deleteSession',
      summary: 'End a session and remove it',
      responses: { 204: answer('It is ending.'), ...REFUSALS },
    },
  },
  '/api/v1/sessions/{id}/ticket': {
    parameters: [idParameter],
    post: {
      operationId: 'createTicket',
      summary: 'A single-use ticket for one WebSocket, valid for less than a minute',
      requestBody: { required: false, ...content('CreateTicket') },
      responses: { 201: answer('The ticket.', 'Ticket'), ...REFUSALS },
    },
  },
  '/api/v1/whoami': {
    get: {
      operationId: 'whoami',
      summary: 'Who the token says the caller is',
      responses: { 200: answer('The caller.', 'Whoami'), ...REFUSALS },
    },
  },
  '/api/v1/health': {
    get: {
      operationId: 'health',
      summary: 'Whether the gateway takes requests',
      security: [],
      responses: { 200: answer('It does.', 'Health'), 503: answer('It starts or stops.', 'Health') },
    },
  },
}
