// node bench/session/node/server.mjs serve|hold PEER …: one end of the traffic; see answering.mjs.
import '../../lib/lived-in.mjs';
import { answering } from '../../lib/answering.mjs';
import { memory, peer } from './peer.mjs';
import { hold, serve } from './traffic.mjs';

const [how, ...named] = process.argv.slice(2);
let channels = 0;
const handle = { serve, hold }[how];
const { listen } = await peer(...named);
// A client that leaves resets what is open: nothing to tell here.
const ignore = () => {};
const onChannel = (channel) => {
  channels++;
  handle(channel);
};
answering({ port: await listen(onChannel, ignore) }, { memory, channels: () => ({ channels }) });
