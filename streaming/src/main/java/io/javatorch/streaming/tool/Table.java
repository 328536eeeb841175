package io.javatorch.streaming.tool;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of text under a head, each column as wide as its widest cell. */
final class Table {
  private static final int MOST_WIDTH = 40;

  private final List<String> head;
  private final List<Boolean> numeric;
  private final List<List<String>> rows = new ArrayList<>();

  /** Starts with the columns' names; one that begins with {@code >} is set to the right. */
  Table(List<String> columns) {
    head =
        columns.stream().map(name -> cut(name.startsWith(">") ? name.substring(1) : name)).toList();
    numeric = columns.stream().map(name -> name.startsWith(">")).toList();
  }

  Table(String... columns) {
    this(Arrays.asList(columns));
  }

  /** Adds a row; long cells are cut. */
  void add(List<String> cells) {
    rows.add(cells.stream().map(Table::cut).toList());
  }

  void add(String... cells) {
    add(Arrays.asList(cells));
  }

  void print(PrintWriter out) {
    var widths = new int[head.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = head.get(i).length();
      for (var row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    out.println(line(head, widths));
    var rule = new ArrayList<String>();
    for (int width : widths) {
      rule.add("-".repeat(width));
    }
    out.println(line(rule, widths));
    rows.forEach(row -> out.println(line(row, widths)));
  }

  private String line(List<String> cells, int[] widths) {
    var text = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      var pad = " ".repeat(widths[i] - cells.get(i).length());
      text.append(i == 0 ? "" : "  ");
      text.append(numeric.get(i) ? pad + cells.get(i) : cells.get(i) + pad);
    }
    return text.toString().stripTrailing();
  }

  /** What would spoil the lines is shown as a dot. */
  private static String cut(String cell) {
    var text = cell.replaceAll("\\p{Cntrl}", "·");
    return text.length() <= MOST_WIDTH ? text : text.substring(0, MOST_WIDTH - 1) + "…";
  }
}
