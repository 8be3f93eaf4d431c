import assert from 'node:assert/strict'
import {test} from 'node:test'
import {composeImage} from '../../../tools/servers/docker-engine.ts'

test('the images of containers are those of docker-compose.yml', async () => {
  assert.match(await composeImage('mysql'), /^mysql:8\.4$/)
  assert.match(await composeImage('kafka'), /^apache\/kafka:4\./)
})

test('a service that docker-compose.yml lacks is refused by name', async () => {
  await assert.rejects(composeImage('postgres'), /no image for the service postgres/)
})
