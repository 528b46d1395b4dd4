// A small shop with Sentry's own SDK: a transaction with a child, an error and a log inside the child, and an error after all of it.
//
// usage: node send_checkout.mjs (10|11) (dsn DSN | spotlight URL)
// Prints the ids for the test.

const [generation, way, address] = process.argv.slice(2);
const Sentry = await import(`sentry-node-${generation}`);

Sentry.init({
  ...(way === 'dsn' ? { dsn: address } : { spotlight: address }),
  tracesSampleRate: 1,
  enableLogs: true,
  environment: 'test',
});

function charge(amount) {
  throw new RangeError(`card declined for ${amount}`);
}

const ids = {};
Sentry.startSpan({ op: 'http.server', name: 'POST /checkout' }, (root) => {
  ids.trace_id = root.spanContext().traceId;
  ids.root = root.spanContext().spanId;
  Sentry.startSpan({ op: 'queue.publish', name: 'publish order' }, (child) => {
    ids.child = child.spanContext().spanId;
    Sentry.addBreadcrumb({ category: 'basket', message: 'three items in the basket', level: 'info' });
    Sentry.setTag('payment', 'card');
    Sentry.logger.warn('stock is low', { warehouse: 'north' });
    try {
      charge(42);
    } catch (error) {
      ids.event = Sentry.captureException(error);
    }
  });
});

Sentry.startNewTrace(() => {
  ids.alone = Sentry.captureException(new TypeError('no such basket'));
});

await Sentry.close(20_000);
console.log(JSON.stringify(ids));
