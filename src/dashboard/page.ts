/**
 * The page of the demo: the counts, sessions with their streams, and connections, kept live by server-sent events. No asset, no
 * framework. What comes from a peer gets into it as text only.
 */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rxmux: one port, many protocols</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); --soft: color-mix(in srgb, currentColor 60%, transparent) }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2.5rem auto; padding: 0 1.25rem }
  h1 { font-size: 1.4rem; margin: 0 } h1 small { font-weight: normal; font-size: .9rem; color: var(--soft) }
  ul { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none }
  li { border: 1px solid var(--line); border-radius: .5rem; padding: .35rem .8rem; min-width: 5rem }
  li[style] { background: hsl(var(--hue) 70% 50% / .12); border-color: hsl(var(--hue) 70% 50% / .4) }
  li b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; line-height: 1.2 }
  li span { color: var(--soft); font-size: .85rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: right; padding: .3rem .7rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap }
  th { color: var(--soft); font-weight: 500; font-size: .85rem } th.l, td.l { text-align: left }
  .tag { border-radius: 1rem; padding: .1rem .6rem; font-size: .85rem; background: hsl(var(--hue) 70% 50% / .22) }
  tr.over { color: var(--soft) } #state.lost { color: #c33 }
  h2 { font-size: 1.05rem; margin: 1.5rem 0 .3rem }
  td.inner { padding: 0 0 .6rem 2.5rem } td.inner table { font-size: .85rem; width: auto } td.inner td { border: 0; padding-block: 0 }
  td.inner p { margin: 0; padding: 0 .7rem; text-align: left; color: var(--soft); font-size: .85rem }
</style>
<h1>rxmux <small>one port, many protocols &middot; <span id="state">connecting</span></small></h1>
<ul id="totals"></ul>
<ul id="protocols"></ul>
<section id="sessions" hidden>
<h2>Sessions</h2>
<table>
  <thead><tr><th>#<th class="l">protocol<th class="l">peer<th class="l">we are<th>streams open<th>in all<th>bytes in<th>bytes out<th>window<th>held<th>ms round trip<th class="l">state</thead>
  <tbody></tbody>
</table>
<h2>Connections</h2>
</section>
<table>
  <thead><tr><th>#<th class="l">protocol<th class="l">from<th class="l">decided by<th>bytes looked at<th>ms to decide<th>bytes in<th>bytes out<th class="l">state</thead>
  <tbody id="conns"></tbody>
</table>
<script>
  const cell = (text, left) => Object.assign(document.createElement('td'), { textContent: text, className: left ? 'l' : '' });
  // The golden angle keeps colours apart, however many protocols come.
  const named = [''];
  const hue = (name) => 137.5 * (named.includes(name) ? named.indexOf(name) : named.push(name) - 1);
  const count = (label, value, colour) => {
    const item = document.createElement('li');
    if (colour !== undefined) item.style.setProperty('--hue', colour);
    item.append(Object.assign(document.createElement('b'), { textContent: value }), Object.assign(document.createElement('span'), { textContent: label }));
    return item;
  };
  const line = (cells, over) => {
    const row = Object.assign(document.createElement('tr'), { className: over ? 'over' : '' });
    row.append(...cells);
    return row;
  };
  const tagged = (name, note = '') => {
    const tag = Object.assign(document.createElement('span'), { textContent: name || 'turned away', className: 'tag' });
    tag.style.setProperty('--hue', hue(name));
    const protocol = cell('', true);
    protocol.append(tag, note);
    return protocol;
  };
  const row = (conn) => line([cell(conn.id), tagged(conn.protocol, conn.encrypted ? ' in TLS' : ''), cell(conn.remote, true), cell(conn.reason, true),
    cell(conn.sniffedBytes), cell(conn.decidedMs), cell(conn.bytesRead), cell(conn.bytesWritten), cell(conn.open ? 'open' : 'closed', true)], !conn.open);
  // The wire may have no such thing: '-'.
  const size = (bytes) => bytes === undefined ? '-' : bytes < 10240 ? bytes + ' B' : Math.round(bytes / 1024) + ' KiB';
  const streamRow = (stream) => line([cell('stream ' + stream.id, true), cell(stream.type === undefined ? '' : 'type ' + stream.type, true),
    cell(stream.protocol, true), cell(stream.state, true), cell(size(stream.bufferedBytes) + ' to be sent'), cell(size(stream.unreadBytes) + ' unread'),
    cell(size(stream.sendWindowBytes) + ' credit'), cell(size(stream.receiveWindowBytes) + ' window')]);
  const streamsOf = ({ streams, openStreams }) => {
    const table = document.createElement('table');
    table.append(...streams.map(streamRow));
    const inner = Object.assign(cell(''), { colSpan: 12, className: 'inner' });
    const more = openStreams - streams.length;
    inner.append(table, ...(more > 0 ? [Object.assign(document.createElement('p'), { textContent: 'and ' + more + ' more' })] : []));
    return line([inner]);
  };
  const sessionRows = (session) => [
    line([cell(session.id), tagged(session.protocol), cell(session.remote, true), cell(session.role, true), cell(session.openStreams), cell(session.openedStreams),
      cell(session.bytesRead), cell(session.bytesWritten), cell(size(session.receiveWindowBytes)), cell(size(session.heldBytes)),
      cell(session.rttMs === undefined ? '-' : session.rttMs.toFixed(1)), cell(session.open ? 'open' : session.error || 'closed', true)], !session.open),
    ...(session.streams.length > 0 ? [streamsOf(session)] : []),
  ];
  const show = ({ counters, protocols, recent, sessions }) => {
    const { accepted, undecided, rejected, aborted } = counters;
    document.getElementById('totals').replaceChildren(count('accepted', accepted), count('undecided now', undecided),
      count('turned away', rejected), count('left silently', aborted));
    document.getElementById('protocols').replaceChildren(...Object.entries(protocols).map(([name, n]) => count(name, n, hue(name))));
    document.getElementById('sessions').hidden = sessions.length === 0;
    document.querySelector('#sessions tbody').replaceChildren(...sessions.flatMap(sessionRows));
    document.getElementById('conns').replaceChildren(...recent.map(row));
  };
  const state = (text, lost) => Object.assign(document.getElementById('state'), { textContent: text, className: lost ? 'lost' : '' });
  const events = new EventSource('/events');
  events.onopen = () => state('live');
  events.onerror = () => state('connection lost, trying again', true);
  events.onmessage = ({ data }) => show(JSON.parse(data));
</script>
</html>
`;
