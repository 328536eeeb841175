package io.javatorch.distributor.launch;

import java.io.Serializable;
import java.net.InetSocketAddress;

/** A network address by name; IPv6 addresses stand without brackets in {@code host}. */
record HostAndPort(String host, int port) implements Serializable {
  /** Reads {@code host:port}, {@code [v6]:port} and {@code v6:port}, as Spark writes them. */
  static HostAndPort parse(String text) {
    var colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("'" + text + "' is not host:port");
    }
    var host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new HostAndPort(host, Integer.parseInt(text.substring(colon + 1)));
  }

  InetSocketAddress unresolved() {
    return InetSocketAddress.createUnresolved(host, port);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
