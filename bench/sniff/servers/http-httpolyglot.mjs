import '../../lib/lived-in.mjs';
import { createServer } from '@httptoolkit/httpolyglot';
import { answering } from '../../lib/answering.mjs';
import { hello } from './hello.mjs';

const server = createServer({}, hello);
server.listen(0, '127.0.0.1', () => answering(server.address()));
