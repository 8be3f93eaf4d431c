import {Command, InvalidArgumentError, Option} from 'commander'

export interface DemoOptions {
  /** Events go to a Kafka broker instead of JSONL files. */
  readonly kafka: boolean
  /** Size of the shop. */
  readonly orders: number
  /** Where configuration, log, state and events are kept; relative to the project. */
  readonly folder: string
  /** Plan the snapshot before, and say how good the plan was. */
  readonly plan: boolean
  /** Wait for Ctrl-C before the servers end. */
  readonly stay: boolean
}

/** Null where `--help` was asked for and shown. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .description('A shop in a real MySQL, copied by Tidemark while it is being changed; proved by `tidemark verify`.')
    .option('--kafka', 'send the events to a real Kafka broker instead of a JSONL file', false)
    .option('--orders <number>', 'size of the shop', orderCount, 300_000)
    .option('--plan', 'run `tidemark plan` before the snapshot, and compare it with what it took', false)
    .option('--stay', 'leave servers and task running at the end, until Ctrl-C', false)
    .addOption(new Option('--folder <path>', 'where everything is kept').default('.demo'))
  return command.parse([...args], {from: 'user'}).opts<DemoOptions>()
}

function orderCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1000) throw new InvalidArgumentError('a whole number from 1000 on is wanted.')
  return count
}
