// What a signal channel beside the signal table says of itself.

/** What the channel does now, for the status. */
export type SignalChannelStatus = (
  {readonly channel: 'kafka'; readonly topic: string} | {readonly channel: 'file'; readonly file: string}
) & {
  readonly state: 'starting' | 'open' | 'waiting'
  readonly reason?: string
}
