import { optional } from './optional.js';

/** A certificate for localhost, made for this run; `undefined` when the package that makes it is not installed. */
export async function selfMadeCertificate(
  warn: (line: string) => void,
): Promise<{ cert: string; key: string } | undefined> {
  const maker = await optional('selfsigned', () => import('selfsigned'), warn);
  if (maker === undefined) return undefined;
  const made = await maker.generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    // Unless told so it signs with SHA-1, which browsers and OpenSSL no longer take.
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
