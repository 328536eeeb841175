package io.javatorch.integration;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.invoke.MethodType;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Looks up all that a compiled class refers to, as the JVM would when it comes to the call, in
 * other jars than those that it was compiled with.
 */
final class Linkage {
  private final ClassLoader jars;

  Linkage(ClassLoader jars) {
    this.jars = jars;
  }

  /** A method or field that a class uses. */
  private record Member(String owner, String name, String descriptor, boolean method) {
    @Override
    public String toString() {
      return owner.replace('/', '.') + "." + name + descriptor;
    }
  }

  /** What a class refers to and its jars have not got, and the abstract methods it leaves open. */
  List<String> problemsOf(String className, byte[] classFile) throws IOException {
    var problems = new ArrayList<String>();
    for (Member member : members(classFile)) {
      try {
        if (!isThere(member)) {
          problems.add(className + " uses " + member);
        }
      } catch (ClassNotFoundException | LinkageError e) {
        problems.add(className + " uses " + member + ": " + e);
      }
    }
    try {
      Class<?> type = Class.forName(className, false, jars);
      if (!Modifier.isAbstract(type.getModifiers())) {
        Arrays.stream(type.getMethods())
            .filter(method -> Modifier.isAbstract(method.getModifiers()))
            .forEach(method -> problems.add(className + " does not implement " + method));
      }
    } catch (ClassNotFoundException | LinkageError e) {
      problems.add(className + ": " + e);
    }
    return problems;
  }

  private boolean isThere(Member member) throws ClassNotFoundException {
    if (member.owner().startsWith("[") || member.owner().startsWith("java/")) {
      return true;
    }
    return isIn(Class.forName(member.owner().replace('/', '.'), false, jars), member);
  }

  private static boolean isIn(Class<?> type, Member member) {
    if (type == null) {
      return false;
    }
    return declares(type, member)
        || isIn(type.getSuperclass(), member)
        || (type.isInterface() && declares(Object.class, member))
        || Arrays.stream(type.getInterfaces()).anyMatch(above -> isIn(above, member));
  }

  private static boolean declares(Class<?> type, Member member) {
    if (!member.method()) {
      return Arrays.stream(type.getDeclaredFields())
          .anyMatch(
              field ->
                  field.getName().equals(member.name())
                      && field.getType().descriptorString().equals(member.descriptor()));
    }
    if (member.name().equals("<init>")) {
      return Arrays.stream(type.getDeclaredConstructors())
          .anyMatch(
              constructor ->
                  MethodType.methodType(void.class, constructor.getParameterTypes())
                      .toMethodDescriptorString()
                      .equals(member.descriptor()));
    }
    return Arrays.stream(type.getDeclaredMethods())
        .anyMatch(
            method ->
                method.getName().equals(member.name())
                    && MethodType.methodType(method.getReturnType(), method.getParameterTypes())
                        .toMethodDescriptorString()
                        .equals(member.descriptor()));
  }

  /** Reads the constant pool (JVMS 4.4). */
  private static List<Member> members(byte[] classFile) throws IOException {
    var in = new DataInputStream(new ByteArrayInputStream(classFile));
    in.skipNBytes(8);
    int count = in.readUnsignedShort();
    var texts = new String[count];
    var pairs = new int[count][];
    var references = new ArrayList<Integer>();
    var methods = new boolean[count];
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      switch (tag) {
        case 1 -> texts[i] = in.readUTF();
        case 3, 4 -> in.skipNBytes(4);
        case 5, 6 -> {
          in.skipNBytes(8);
          i++; // takes two places
        }
        case 7, 8, 16, 19, 20 -> pairs[i] = new int[] {in.readUnsignedShort(), 0};
        case 9, 10, 11, 12, 17, 18 -> {
          pairs[i] = new int[] {in.readUnsignedShort(), in.readUnsignedShort()};
          if (tag >= 9 && tag <= 11) {
            references.add(i);
            methods[i] = tag != 9;
          }
        }
        case 15 -> in.skipNBytes(3);
        default -> throw new IOException("an unknown constant, tag " + tag);
      }
    }
    return references.stream()
        .map(
            i -> {
              int[] nameAndType = pairs[pairs[i][1]];
              return new Member(
                  texts[pairs[pairs[i][0]][0]],
                  texts[nameAndType[0]],
                  texts[nameAndType[1]],
                  methods[i]);
            })
        .toList();
  }
}
