// Log records of OpenTelemetry's SDK for Node.js: within a span and outside of any, and an exception as a log record in both places.
//
// usage: node send_logs.mjs OTLP_URL

import { trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [url] = process.argv.slice(2);
const resource = resourceFromAttributes({ 'service.name': 'basket' });
const spans = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }))],
});
spans.register();
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })],
});
const logger = logs.getLogger('basket');

function restock(item) {
  throw new RangeError(`no chair ${item} left in aisle 7`);
}

function failed(item) {
  try {
    restock(item);
  } catch (exception) {
    logger.emit({ severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body: 'restocking failed', exception });
  }
}

trace.getTracer('basket').startActiveSpan('POST /basket', (span) => {
  logger.emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    body: { event: 'basket is nearly full', left: 2 },
    attributes: { 'basket.id': 17 },
  });
  failed(17);
  span.end();
});
logger.emit({ severityNumber: SeverityNumber.INFO, severityText: 'INFO', body: 'nightly price update done' });
failed(18);

await spans.shutdown();
await logs.shutdown();
