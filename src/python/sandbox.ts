/** The page's part of the judge: the frame that untrusted programs cannot leave. */
import frameScript from './sandbox/frame.js?raw';

/**
 * Nothing but what the page posts in: no address can be fetched, framed or connected to. Works without
 * any header from the host, since the policy is part of the frame's own document.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
  'worker-src blob:',
  'connect-src blob:',
].join('; ');

export interface Sandbox {
  /** For `SandboxJudge`; hand it to the lab's worker. */
  port: MessagePort;
  /** Ends every program and frees the memory. */
  close(): void;
}

/**
 * Makes the frame: an origin of its own (`allow-scripts` without `allow-same-origin`), invisible.
 * It costs nothing until a judge fills it.
 */
export function openSandbox(document: Document): Sandbox {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.setAttribute('aria-hidden', 'true');
  frame.title = 'Python sandbox';
  frame.tabIndex = -1;
  // `display: none` would let some browsers throttle it.
  frame.style.cssText = 'position:absolute;width:0;height:0;border:0;visibility:hidden';
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><script>${frameScript}</script>`;
  const { port1, port2 } = new MessageChannel();
  // A frame with an opaque origin can only be addressed as `*`; the port is all that is sent.
  frame.addEventListener('load', () => frame.contentWindow?.postMessage(null, '*', [port2]), { once: true });
  document.body.append(frame);
  return {
    port: port1,
    close() {
      frame.remove();
      port1.close();
    },
  };
}
