import java.io.BufferedInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.CompressorStreamFactory;

/** Prints the entries of each file, as commons-compress finds them when it is asked for nothing special. */
class Entries {
  public static void main(String[] paths) throws Exception {
    for (String path : paths) {
      InputStream file = new BufferedInputStream(Files.newInputStream(Path.of(path)));
      InputStream content = new CompressorStreamFactory().createCompressorInputStream(file);
      TarArchiveInputStream archive = new TarArchiveInputStream(content);
      StringBuilder names = new StringBuilder();
      for (TarArchiveEntry each; (each = archive.getNextTarEntry()) != null; archive.readAllBytes()) {
        names.append(names.length() == 0 ? "" : " ").append(each.getName());
      }
      System.out.println(names);
    }
  }
}
