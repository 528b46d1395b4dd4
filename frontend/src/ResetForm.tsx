import { type FormEvent, useId, useRef, useState } from 'react';
import type { Outcome, ResetRequest } from './reset-password';
import { TraceId } from './TraceId';

interface Props {
  /** Sends a request for an email address. */
  request: (email: string) => ResetRequest;
  /** Returns the URL of a trace in Sentry, if configured. */
  traceUrl: (traceId: string) => string | undefined;
  /** The page was opened by the link in a mail. */
  fromMail?: boolean;
}

const INVALID = 'Please enter an email address, such as name@example.com.';

/** The form for an email address, with the result and the trace id of the request. */
export function ResetForm({ request, traceUrl, fromMail = false }: Props) {
  const [busy, setBusy] = useState(false);
  const [invalid, setInvalid] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [traceId, setTraceId] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    if (busy || !input.current) {
      return;
    }
    setOutcome(undefined);
    const email = input.current.value.trim();
    const valid = email !== '' && input.current.validity.valid;
    setInvalid(!valid);
    if (!valid) {
      input.current.focus();
      return;
    }
    setBusy(true);
    const sent = request(email);
    setTraceId(sent.traceId);
    setOutcome(await sent.outcome);
    setBusy(false);
  }

  return (
    <main>
      <h1>Reset your password</h1>
      {fromMail && (
        <p className="success">
          The link in your mail works. The demo ends here: it has no password to change, but you can request another
          mail.
        </p>
      )}
      <p id={`${id}-about`}>
        Enter the email address of your account, and we will send you a link to choose a new password.
      </p>
      {/* The browser's own messages vanish and cannot be styled; a form of method GET could put the address into the URL. */}
      <form onSubmit={handleSubmit} method="post" noValidate aria-busy={busy}>
        <label htmlFor={`${id}-email`}>Email address</label>
        <input
          ref={input}
          id={`${id}-email`}
          name="email"
          type="email"
          autoComplete="email"
          required
          aria-invalid={invalid}
          aria-describedby={invalid ? `${id}-invalid` : `${id}-about`}
          onChange={() => setInvalid(false)}
        />
        {invalid && (
          <p id={`${id}-invalid`} className="error" role="alert">
            {INVALID}
          </p>
        )}
        {/* Not `disabled`, which would remove the focus from the button. */}
        <button type="submit" aria-disabled={busy}>
          {busy ? 'Sending…' : 'Send reset email'}
        </button>
      </form>
      {/* Always rendered: screen readers announce changes of a live region, not a new one. */}
      <div className="outcome" aria-live="polite">
        {busy && <span className="hidden">Sending…</span>}
        {outcome && <p className={outcome.ok ? 'success' : 'error'}>{outcome.message}</p>}
      </div>
      {traceId && <TraceId key={traceId} traceId={traceId} url={traceUrl(traceId)} />}
    </main>
  );
}
