package io.javatorch.distributor.launch;

import java.io.Serializable;
import java.net.InetSocketAddress;

/** A network address by name; IPv6 addresses stand without brackets in {@code host}. */
record HostAndPort(String host, int port) implements Serializable {
  /** Takes IPv6 addresses with and without brackets, as Spark writes them both ways. */
  HostAndPort {
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
  }

  InetSocketAddress unresolved() {
    return InetSocketAddress.createUnresolved(host, port);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
