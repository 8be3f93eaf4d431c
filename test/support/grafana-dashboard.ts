// The example's dashboard: what its panels ask for, as Prometheus gets it.

import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {projectRoot} from '../../tools/servers/server-paths.ts'

export interface DashboardPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: {readonly h: number; readonly w: number; readonly x: number; readonly y: number}
  readonly targets: readonly {readonly refId: string; readonly expr: string}[]
}

export interface Dashboard {
  readonly panels: readonly DashboardPanel[]
  readonly templating: {readonly list: readonly {readonly name: string}[]}
}

export function readDashboard(): Dashboard {
  return JSON.parse(
    readFileSync(join(projectRoot(), 'examples/monitoring/grafana-dashboard.json'), 'utf8'),
  ) as Dashboard
}

/** With every Tidemark chosen, as the dashboard opens. */
export function panelExpressions(): {readonly title: string; readonly expression: string}[] {
  return readDashboard().panels.flatMap(({title, targets}) =>
    targets.map(({expr}) => ({title, expression: expr.replaceAll('$instance', '.*')})),
  )
}
