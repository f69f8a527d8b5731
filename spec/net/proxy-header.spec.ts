import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Addresses } from '../../src/conn/conn.js';
import { parseProxyHeader, proxyHeader, type ProxyHeaderOptions } from '../../src/net/proxy-header.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { httpGet } from ...
