// The image's health checks: `weir healthy redis 6379` asks for a PONG, `weir healthy http 8379 /healthz` for a 200. Exit code 0 or 1
// within two seconds. A node that loads, or has no master to follow yet, is healthy: it works on it.

import net from 'node:net';

const [kind, port, path = '/'] = process.argv.slice(2);
setTimeout(() => end('no answer within 2 s'), 2000);

function end(problem) {
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  process.exit(problem === undefined ? 0 : 1);
}

if (kind === 'http') {
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`).catch((error) => end(error.message));
  end(status === 200 ? undefined : `status ${status}`);
} else {
  const socket = net.connect(Number(port), '127.0.0.1');
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('closed'));
  socket.write('PING\r\n');
  socket.on('data', (bytes) => {
    const answer = bytes.toString('latin1').split('\r\n')[0];
    end(/^(\+PONG|-NOAUTH|-LOADING|-MASTERDOWN|-MISCONF)/.test(answer) ? undefined : answer);
  });
}
