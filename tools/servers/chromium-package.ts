// Chromium from Debian's packages, unpacked into a folder of the project, for the test of the page.

import {readdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {provideDebianProgram} from './debian-program.ts'

export interface ChromiumPackage {
  readonly program: string
  readonly env: NodeJS.ProcessEnv
}

/** The package, unpacked where it is not yet; safe with several processes at once. Never the machine's own browser. */
export async function provideChromiumPackage(): Promise<ChromiumPackage> {
  const folder = await provideDebianProgram({
    title: 'Chromium',
    name: 'chromium',
    packages: ['chromium', 'fonts-dejavu-core'],
    megabytes: 170,
    isNeeded,
  })
  return await chromiumPackage(folder)
}

/**
 * The program runs with this machine's C library, of the same suite. What draws with a graphics card, and what only the
 * installation of packages needs, is left out: half of the download.
 */
function isNeeded(name: string): boolean {
  return !/^(libc6|libgcc-s1|gcc-|perl|libperl|dpkg|tar|debconf|libllvm|libgl1-mesa-dri|adwaita|hicolor|mesa-|x11-|xdg-|sysv|init-)/.test(
    name,
  )
}

/** Made with each start, as the folder may have been moved. */
async function chromiumPackage(folder: string): Promise<ChromiumPackage> {
  const root = join(folder, 'root')
  const fonts = join(folder, 'fonts.conf')
  const cache = join(folder, 'font-cache')
  await writeFile(
    fonts,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>${join(root, 'usr/share/fonts')}</dir><cachedir>${cache}</cachedir></fontconfig>
`,
  )
  const libraries = await libraryFolders(root)
  return {
    program: join(root, 'usr/lib/chromium/chromium'),
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LANG: 'C.UTF-8',
      LD_LIBRARY_PATH: libraries.join(':'),
      FONTCONFIG_FILE: fonts,
    },
  }
}

async function libraryFolders(root: string): Promise<string[]> {
  const folders: string[] = []
  for (const parent of ['lib', 'usr/lib'].map(path => join(root, path))) {
    for (const name of await readdir(parent).catch(() => [])) {
      if (!name.includes('-linux-')) continue
      folders.push(join(parent, name), join(parent, name, 'pulseaudio'))
    }
  }
  return folders
}
