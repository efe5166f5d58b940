// Runs Jenkinsfiles and scripts against the shared library in examples/jenkins, with steps as strict as Jenkins's own:
// a step or an option of a step that Jenkins does not have is an error. `sh` really runs.
// Source: jenkinsci/workflow-durable-task-step-plugin (sh), workflow-basic-steps-plugin (withEnv, writeFile, pwd, …),
// pipeline-groovy-lib-plugin (libraryResource).
// Called with the library's folder, a folder for workspaces, and scripts; prints one JSON line a script.

import groovy.json.JsonOutput
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.runtime.InvokerHelper
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

class AbortException extends IOException { // hudson.AbortException
    AbortException(String message) { super(message) }
}

class Build { // RunWrapper
    String result
    long startTimeInMillis = System.currentTimeMillis() - 5000

    String getCurrentResult() { result ?: 'SUCCESS' }
}

class Steps {
    File workspace
    File library
    Build build
    List<String> log = []
    Map<String, String> variables
    boolean unix = true
    Closure stages, post

    private static void check(String step, Map given, List known, List required = []) {
        given.each { name, value ->
            if (!(name in known)) throw new IllegalArgumentException("${step}: no such option: ${name}")
            if (value == null) throw new IllegalArgumentException("${step}: ${name} is null")
        }
        required.each { if (!given.containsKey(it)) throw new IllegalArgumentException("${step}: ${it} is missing") }
    }

    def sh(String script) { sh(script: script) }

    def sh(Map how) {
        check('sh', how, ['script', 'returnStatus', 'returnStdout', 'label', 'encoding'], ['script'])
        if (how.returnStatus && how.returnStdout) throw new IllegalArgumentException('sh: returnStatus and returnStdout')
        File file = File.createTempFile('script', '.sh', new File("${workspace}@tmp"))
        String shebang = how.script.startsWith('#!') ? '' : '#!/bin/sh -xe\n'
        file.text = shebang + how.script
        file.executable = true
        def builder = new ProcessBuilder(file.path).directory(workspace)
        builder.environment().clear()
        builder.environment().putAll(variables)
        if (!how.returnStdout) builder.redirectErrorStream(true)
        def process = builder.start()
        process.outputStream.close()
        StringBuilder out = new StringBuilder(), err = new StringBuilder()
        process.waitForProcessOutput(out, err)
        log.addAll((how.returnStdout ? err : out).toString().readLines())
        int code = process.exitValue()
        if (code == 99) throw new FlowInterruptedException('ABORTED') // a script that a person stops
        if (how.returnStatus) return code
        if (code) throw new AbortException("script returned exit code ${code}")
        return how.returnStdout ? out.toString() : null
    }

    def withEnv(List overrides, Closure body) {
        Map before = variables
        variables = new LinkedHashMap(before)
        overrides.each { each ->
            if (!(each instanceof CharSequence) || !each.toString().contains('=')) throw new IllegalArgumentException("withEnv: ${each}")
            def (String name, String value) = each.toString().split('=', 2)
            if (name.contains('+')) {
                name = name.substring(0, name.indexOf('+'))
                value = variables[name] ? value + ':' + variables[name] : value
            }
            variables[name] = value
        }
        try { return body() } finally { variables = before }
    }

    def writeFile(Map how) {
        check('writeFile', how, ['file', 'text', 'encoding'], ['file', 'text'])
        File file = place(how.file)
        file.parentFile.mkdirs()
        if (how.encoding == 'Base64') file.bytes = how.text.decodeBase64() else file.setText(how.text.toString(), 'UTF-8')
    }

    boolean fileExists(CharSequence name) { place(name).exists() }

    private File place(CharSequence name) {
        File file = new File(name.toString())
        return file.absolute ? file : new File(workspace, name.toString())
    }

    String pwd(Map how = [:]) {
        check('pwd', how, ['tmp'])
        return how.tmp ? "${workspace}@tmp" : workspace.path
    }

    boolean isUnix() { unix }

    void echo(CharSequence message) { log.add(message.toString()) }

    void error(CharSequence message) { throw new AbortException(message.toString()) }

    String libraryResource(CharSequence name) { libraryResource(resource: name) }

    String libraryResource(Map how) {
        check('libraryResource', how, ['resource', 'encoding'], ['resource'])
        File file = new File(library, "resources/${how.resource}")
        if (!file.exists()) throw new AbortException("No such library resource ${how.resource} could be found.")
        return how.encoding == 'Base64' ? file.bytes.encodeBase64().toString() : file.getText('UTF-8')
    }

    def archiveArtifacts(Map how) { check('archiveArtifacts', how, ['artifacts', 'allowEmptyArchive'], ['artifacts']) }

    def checkout(Object scm) { }

    Map string(Map how) { check('string', how, ['credentialsId', 'variable'], ['credentialsId', 'variable']); how }

    def withCredentials(List bindings, Closure body) { withEnv(bindings.collect { "${it.variable}=s3cret" }, body) }

    def unstable(CharSequence message) { build.result = 'UNSTABLE' }

    def node(Closure body) { body() }

    def script(Closure body) { body() }

    def stage(String name, Closure body) { withEnv(["STAGE_NAME=${name}"], body) }

    // The sections of a declarative pipeline that the examples have; `steps { … }` is a call of this object.
    def pipeline(Closure body) {
        body()
        try {
            stages.call()
        } catch (Exception failure) {
            build.result = failure instanceof FlowInterruptedException ? failure.result : 'FAILURE'
            throw failure
        } finally {
            if (post) withEnv(['STAGE_NAME=Declarative: Post Actions'], post)
        }
    }

    void agent(String any) { }

    void stages(Closure body) { stages = body }

    def call(Closure body) { body() }

    void post(Closure body) { post = body }

    def always(Closure body) { body() }

    def methodMissing(String name, Object given) { throw new NoSuchMethodException("No such DSL method '${name}'") }
}

abstract class Pipeline extends Script { // CpsScript
    def methodMissing(String name, Object given) {
        if (binding.hasVariable(name)) return binding.getVariable(name).call(*given)
        return binding.getVariable('steps').invokeMethod(name, given)
    }
}

def (String library, String folder) = args[0..1]
def loader = new GroovyClassLoader(this.class.classLoader, new CompilerConfiguration(scriptBaseClass: Pipeline.name))
Class ciReporter = loader.parseClass(new File(library, 'vars/ciReporter.groovy'))
args[2..-1].each { path ->
    String name = new File(path).name
    File workspace = new File(folder, name)
    workspace.mkdirs()
    new File("${workspace}@tmp").mkdirs()
    Map variables = [PATH: System.getenv('PATH'), HOME: folder, BUILD_NUMBER: '7', BUILD_TAG: 'jenkins-shop-7', JOB_NAME: 'shop',
        JENKINS_URL: 'https://jenkins.test/', WORKSPACE: workspace.path]
    def build = new Build()
    def steps = new Steps(workspace: workspace, library: new File(library), build: build, variables: variables)
    def binding = new Binding([steps: steps, currentBuild: build, scm: 'scm', any: 'any', env: [:].withDefault { steps.variables[it] }])
    binding.setVariable('ciReporter', InvokerHelper.createScript(ciReporter, binding))
    Map ended = [script: name]
    try {
        // The library is loaded already, as one that is configured to be loaded implicitly.
        Class pipeline = loader.parseClass(new File(path).text.replaceFirst(/(?m)^@Library.*/, ''))
        ended.value = InvokerHelper.createScript(pipeline, binding).run()
    } catch (Throwable failure) {
        ended.failure = [type: failure.class.simpleName, message: failure.message]
    }
    println(JsonOutput.toJson(ended + [log: steps.log, result: build.result]))
}
