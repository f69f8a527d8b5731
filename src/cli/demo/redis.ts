const LF = 0x0a;
const MAX_ARGUMENTS = 16;
/** Longest command that is taken. */
const MAX_BYTES = 4096;

/** Commands in `bytes`, how many bytes they took, and whether what is left can't become one. */
interface Parsed {
  readonly commands: readonly (readonly string[])[];
  readonly used: number;
  readonly broken: boolean;
}

/** Reads commands, inline or as RESP arrays of bulk strings; what is incomplete stays. */
function parse(bytes: Buffer): Parsed {
  const commands: string[][] = [];
  let used = 0;
  for (;;) {
    const end = lineEnd(bytes, used);
    if (end === undefined) return { commands, used, broken: bytes.length - used > MAX_BYTES };
    if (bytes[used] !== 0x2a) {
      commands.push(bytes.toString('latin1', used, end).trim().split(/\s+/));
      used = end + 1;
      continue;
    }
    const array = parseArray(bytes, used, end);
    if (array === 'more') return { commands, used, broken: bytes.length - used > MAX_BYTES };
    if (array === 'broken') return { commands, used, broken: true };
    commands.push(array.words);
    used = array.end;
  }
}

function parseArray(
  bytes: Buffer,
  start: number,
  firstEnd: number,
): { words: string[]; end: number } | 'more' | 'broken' {
  const count = Number(bytes.toString('latin1', start + 1, firstEnd).trim());
  if (!Number.isInteger(count) || count < 1 || count > MAX_ARGUMENTS) return 'broken';
  const words: string[] = [];
  let at = firstEnd + 1;
  while (words.length < count) {
    const end = lineEnd(bytes, at);
    if (end === undefined) return 'more';
    const length = Number(bytes.toString('latin1', at + 1, end).trim());
    if (bytes[at] !== 0x24 || !Number.isInteger(length) || length < 0 || length > MAX_BYTES) return 'broken';
    if (bytes.length < end + 1 + length + 2) return 'more';
    words.push(bytes.toString('latin1', end + 1, end + 1 + length));
    at = end + 1 + length + 2;
  }
  return { words, end: at };
}

function lineEnd(bytes: Buffer, from: number): number | undefined {
  const end = bytes.indexOf(LF, from);
  return end < 0 ? undefined : end;
}

function answer([name = '', argument]: readonly string[]): string {
  switch (name.toUpperCase()) {
    case 'PING':
      return argument === undefined ? '+PONG\r\n' : `$${argument.length}\r\n${argument}\r\n`;
    case 'QUIT':
      return '+OK\r\n';
    case '':
      return '';
    default:
      return '-ERR this demo knows only PING and QUIT\r\n';
  }
}

/** What to send back, and whether it is the last. */
export interface Reply {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** The demo's Redis: give it what comes in, it gives back what to send. */
export class Redis {
  #rest = Buffer.alloc(0);

  push(chunk: Uint8Array): Reply {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const { commands, used, broken } = parse(bytes);
    this.#rest = bytes.subarray(used);
    const text = commands.map(answer).join('') + (broken ? '-ERR Protocol error\r\n' : '');
    const last = broken || commands.some(([name]) => name?.toUpperCase() === 'QUIT');
    return { bytes: Buffer.from(text, 'latin1'), last };
  }
}
