// What Grafana takes for a dashboard, as JSON Schema. Written by hand after Grafana's own descriptions, which are no JSON
// Schema: kinds/dashboard/dashboard_kind.cue of grafana/grafana (dashboard, panels, variables), and the CUE files of the
// plugins beside it (panelcfg of stat, table and time series; dataquery of Prometheus). Only what the example uses is
// described, and whatever else it has is refused: a name that Grafana does not know is ignored by it in silence.

const text = {type: 'string', minLength: 1} as const
const flag = {type: 'boolean'} as const
const count = {type: 'integer', minimum: 0} as const

const closed = (properties: Record<string, unknown>, required: readonly string[] = []): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const listOf = (items: unknown, more: object = {}): object => ({type: 'array', items, ...more})

const datasource = closed({type: {const: 'prometheus'}, uid: {const: '${datasource}'}}, ['type', 'uid'])

const target = closed(
  {
    refId: {type: 'string', pattern: '^[A-Z]$'},
    expr: text,
    legendFormat: {type: 'string'},
    instant: flag,
    range: flag,
    format: {enum: ['time_series', 'table', 'heatmap']},
    datasource,
  },
  ['refId', 'expr', 'datasource'],
)

const thresholds = closed(
  {
    mode: {enum: ['absolute', 'percentage']},
    // The first has no value: it begins at minus infinity.
    steps: listOf(closed({color: text, value: {type: 'number'}}, ['color']), {minItems: 1}),
  },
  ['mode', 'steps'],
)

/** Ids of Grafana's table of units. */
const units = ['short', 'percentunit', 'percent', 'ms', 's', 'ops', 'Bps', 'bytes']

const fieldConfig = closed(
  {
    defaults: closed({unit: {enum: units}, min: {type: 'number'}, max: {type: 'number'}, thresholds}),
    overrides: {type: 'array', maxItems: 0},
  },
  ['defaults', 'overrides'],
)

const statOptions = closed({
  reduceOptions: closed(
    {calcs: listOf({enum: ['lastNotNull', 'last', 'max', 'mean']}), fields: {type: 'string'}, values: flag},
    ['calcs'],
  ),
  textMode: {enum: ['auto', 'value', 'value_and_name', 'name', 'none']},
  colorMode: {enum: ['value', 'background', 'background_solid', 'none']},
})

const organize = closed(
  {
    id: {const: 'organize'},
    options: closed({
      excludeByName: {type: 'object', additionalProperties: flag},
      indexByName: {type: 'object', additionalProperties: count},
      renameByName: {type: 'object', additionalProperties: text},
    }),
  },
  ['id', 'options'],
)

const panel = {
  ...closed(
    {
      id: {type: 'integer', minimum: 1},
      type: {enum: ['stat', 'table', 'timeseries']},
      title: text,
      description: text,
      datasource,
      gridPos: closed(
        {
          h: {type: 'integer', minimum: 1},
          w: {type: 'integer', minimum: 1, maximum: 24},
          x: {type: 'integer', minimum: 0, exclusiveMaximum: 24},
          y: count,
        },
        ['h', 'w', 'x', 'y'],
      ),
      fieldConfig,
      options: {type: 'object'},
      targets: listOf(target, {minItems: 1}),
      transformations: listOf(organize),
    },
    ['id', 'type', 'title', 'description', 'datasource', 'gridPos', 'fieldConfig', 'options', 'targets'],
  ),
  allOf: [
    {
      if: {properties: {type: {const: 'stat'}}},
      then: {properties: {options: statOptions}},
      else: {properties: {options: {type: 'object', maxProperties: 0}}},
    },
  ],
}

const variable = {
  type: 'object',
  discriminator: {propertyName: 'type'},
  required: ['type', 'name'],
  oneOf: [
    closed({...variableBase(), type: {const: 'datasource'}, query: {const: 'prometheus'}, regex: {type: 'string'}}, [
      'query',
    ]),
    closed(
      {
        ...variableBase(),
        type: {const: 'query'},
        datasource,
        query: closed({query: {type: 'string', pattern: '^label_values\\(.+\\)$'}, refId: text}, ['query', 'refId']),
        sort: {type: 'integer', minimum: 0, maximum: 8},
        includeAll: flag,
        multi: flag,
      },
      ['datasource', 'query'],
    ),
  ],
}

function variableBase(): Record<string, unknown> {
  return {
    name: {type: 'string', pattern: '^\\w+$'},
    label: text,
    hide: {enum: [0, 1, 2]},
    refresh: {enum: [0, 1, 2]},
    current: {type: 'object'},
    options: {type: 'array'},
  }
}

export const GRAFANA_DASHBOARD = closed(
  {
    title: text,
    uid: {type: 'string', minLength: 8, maxLength: 40},
    tags: listOf(text),
    schemaVersion: {type: 'integer', minimum: 36},
    version: count,
    editable: flag,
    graphTooltip: {enum: [0, 1, 2]},
    time: closed({from: text, to: text}, ['from', 'to']),
    timezone: text,
    refresh: {type: 'string', pattern: '^\\d+[smhd]$'},
    annotations: closed({list: {type: 'array', maxItems: 0}}),
    links: {type: 'array', maxItems: 0},
    templating: closed({list: listOf(variable)}),
    panels: listOf(panel),
  },
  ['title', 'uid', 'schemaVersion', 'time', 'templating', 'panels'],
)
