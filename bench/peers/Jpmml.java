import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.FieldValue;
import org.jpmml.evaluator.InputField;
import org.jpmml.evaluator.LoadingModelEvaluatorBuilder;

/**
 * The peer: prepares and evaluates one row after another from typed values in memory, and reads every result.
 * A question is a line "DOCUMENT SECONDS"; the answer is records per CPU-second of this thread. "load DOCUMENT SECONDS"
 * asks how often the document is loaded in a CPU-second.
 */
public final class Jpmml {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static final java.util.Set<File> warm = new java.util.HashSet<>();

    public static void main(String[] arguments) throws Exception {
        List<Map<String, Object>> rows = rows(Path.of(arguments[0]));
        Map<String, Evaluator> evaluators = new HashMap<>();
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            int space = line.lastIndexOf(' ');
            String document = line.substring(0, space);
            double seconds = Double.parseDouble(line.substring(space + 1));
            if (document.startsWith("load ")) {
                System.out.println(loads(new File(document.substring(5)), seconds));
                System.out.flush();
                continue;
            }
            Evaluator evaluator = evaluators.get(document);
            if (evaluator == null) {
                evaluator = new LoadingModelEvaluatorBuilder().load(new File(document)).build();
                evaluator.verify();
                evaluators.put(document, evaluator);
                rate(evaluator, rows, 4.0); // the compilers of the virtual machine warm up
            }
            System.out.println(rate(evaluator, rows, seconds));
            System.out.flush();
        }
    }

    private static double loads(File document, double seconds) throws Exception {
        if (warm.add(document)) loads(document, 3.0); // the compilers of the virtual machine warm up
        long start = THREADS.getCurrentThreadCpuTime();
        long done = 0;
        while (true) {
            new LoadingModelEvaluatorBuilder().load(document).build();
            done++;
            double used = (THREADS.getCurrentThreadCpuTime() - start) * 1e-9;
            if (used >= seconds) return done / used;
        }
    }

    private static double rate(Evaluator evaluator, List<Map<String, Object>> rows, double seconds) {
        long start = THREADS.getCurrentThreadCpuTime();
        long done = 0;
        int kept = 0;
        while (true) {
            for (Map<String, Object> row : rows) {
                Map<String, FieldValue> prepared = new LinkedHashMap<>();
                for (InputField field : evaluator.getInputFields()) {
                    prepared.put(field.getName(), field.prepare(row.get(field.getName())));
                }
                kept += EvaluatorUtil.decodeAll(evaluator.evaluate(prepared)).size();
            }
            done += rows.size();
            double used = (THREADS.getCurrentThreadCpuTime() - start) * 1e-9;
            if (used >= seconds) {
                if (kept == 0) throw new IllegalStateException("nothing evaluated");
                return done / used;
            }
        }
    }

    private static List<Map<String, Object>> rows(Path file) throws Exception {
        List<String> lines = Files.readAllLines(file);
        String[] header = lines.get(0).split(",");
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split(",");
            Map<String, Object> row = new LinkedHashMap<>();
            for (int i = 0; i < header.length; i++) {
                if (header[i].endsWith("[]")) {
                    row.put(header[i].replace("[]", ""), List.of(cells[i].split(" ")));
                } else {
                    row.put(header[i], Double.valueOf(cells[i]));
                }
            }
            rows.add(row);
        }
        return rows;
    }
}
