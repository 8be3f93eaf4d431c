// The parts of kafkajs that have no types of their own, as far as kafkajs-seam.ts uses them.

declare module 'kafkajs/src/network/connectionPool.js' {
  import type {Socket} from 'node:net'

  export interface QueuedRequest {
    readonly entry: {
      readonly apiKey: number
      readonly apiName: string
      readonly apiVersion: number
      readonly correlationId: number
      readonly resolve: (answer: {readonly payload: Buffer}) => void
      readonly reject: (error: Error) => void
    }
    readonly expectResponse: boolean
    readonly requestTimeout: number | null
    readonly sendRequest: () => void
  }
  export interface Connection {
    readonly clientId: string
    socket?: Socket
    readonly requestQueue: {push(request: QueuedRequest): void; rejectAll(error: Error): void}
    isConnected(): boolean
    isAuthenticated(): boolean
    nextCorrelationId(): number
    send(call: object): Promise<unknown>
    disconnect(): Promise<boolean>
  }
  export default class ConnectionPool {
    readonly pool: readonly Connection[]
    constructor(options: object)
  }
}

declare module 'kafkajs/src/broker/index.js' {
  import type ConnectionPool from 'kafkajs/src/network/connectionPool.js'

  export type RequestBuilder = (parameters: object) => {
    readonly request: object
    readonly response: {readonly decode: (payload: Buffer) => Promise<unknown>}
  }
  export default class Broker {
    readonly versions: Readonly<Record<number, {readonly minVersion: number; readonly maxVersion: number}>> | null
    readonly lookupRequest: (apiKey: number, definition: object) => RequestBuilder
    constructor(options: {
      connectionPool: ConnectionPool
      logger: object
      nodeId: number | null
      authenticationTimeout: number
      allowAutoTopicCreation: boolean
    })
    connect(): Promise<void>
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  export const requests: Readonly<Record<string, object>>
}

declare module 'kafkajs/src/protocol/requests/apiKeys.js' {
  const apiKeys: Readonly<Record<string, number>>
  export default apiKeys
}
