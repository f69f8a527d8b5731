// Plain words for codes of OpenSSL and Node.
const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'the client sent an HTTP request in the clear',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'the client sent a CONNECT request in the clear',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the peer does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the peer offers no TLS version that is allowed here',
  ERR_SSL_NO_SHARED_CIPHER: 'the peer offers no cipher that is allowed here',
  ERR_OSSL_UNSUPPORTED: 'a key is in a format that is not supported',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the peer offers no application protocol (ALPN) that is spoken here',
};

/**
 * Why a connection failed, in one line. The message of an error of OpenSSL names ids, functions and files of its source; `reason` is
 * the readable part.
 */
export function tlsReason(error: Error & { readonly code?: string; readonly reason?: string }): string {
  const { code = '', reason, message } = error;
  return REASONS[code] ?? reason ?? message;
}
