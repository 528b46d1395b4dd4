import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

/** A received request. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const running: Server[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

/** A real HTTP server on a free port that records requests and allows any origin. Closed after the test. */
export class Receiver {
  readonly received: Received[] = [];
  url = '';

  static async start(answer: (response: ServerResponse) => void = (response) => response.end('{}')): Promise<Receiver> {
    const receiver = new Receiver();
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*, content-type, sentry-trace, baggage, traceparent');
      response.setHeader('access-control-expose-headers', 'retry-after');
      if (request.method === 'OPTIONS') {
        response.end();
        return;
      }
      const { method = '', url = '', headers } = request;
      receiver.received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    running.push(server);
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return receiver;
  }

  /** A DSN for this server. */
  get dsn(): string {
    return `${this.url.replace('//', '//public@')}/1`;
  }

  /** All received data, to assert what it must not contain. */
  get raw(): string {
    return JSON.stringify(this.received);
  }
}

/** Returns a URL without a listener. */
export async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}
