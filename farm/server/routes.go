package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// router is the table of everything that is served.
func (s *Server) router(o Options) http.Handler {
	pages := newPages(o)
	r := chi.NewRouter()
	r.Use(s.observed)
	r.Use(s.recovered)
	r.Use(s.guard)
	r.Use(s.keyed)
	r.NotFound(notFound)
	r.MethodNotAllowed(wrongMethod)

	r.Route("/api/v3", s.v3)
	r.Get("/api/farm/events", s.handle(s.followEvents))              //     ?job= ?log=  Last-Event-ID
	r.With(compressed).Get("/api/farm/jobs", s.handle(s.searchJobs)) //       ?status= ?type= ?tag= ?text= ?sort= ?offset= ?limit=
	r.With(compressed).Get("/api/farm/workers", s.handle(s.fetchWorkersAtWork))
	r.Get("/api/farm/findings", s.handle(s.fetchFindings))
	r.Get("/api/farm/demand", s.handle(s.fetchDemand)) //       ?min= ?max= ?scale_out= ?idle= ?stand_by=
	r.Post("/api/farm/jobs/{job_id}/requeue", s.handle(s.requeueJob))
	s.frameRoutes(r)
	r.Post("/api/farm/workers/{worker_id}/approve", s.handle(s.approveWorker))
	r.Get("/api/farm/jobs/{job_id}/audit", s.handle(s.fetchJobAudit))
	r.Get("/api/farm/workers/{worker_id}/audit", s.handle(s.fetchWorkerAudit))
	s.whyRoutes(r)
	r.Get("/api/farm/workers/{worker_id}/schedule", s.handle(s.fetchWorkerSchedule))
	r.Put("/api/farm/workers/{worker_id}/schedule", s.handle(s.setWorkerSchedule))
	r.Delete("/api/farm/workers/{worker_id}/schedule", s.handle(s.removeWorkerSchedule))
	s.farmWorker(r)
	r.Get("/api/farm/notifications", s.handle(s.fetchNotifications))
	r.Put("/api/farm/notifications", s.handle(s.setNotifications))
	r.Post("/api/farm/notifications/test", s.handle(s.testNotifications))
	r.Get("/api/farm/notifications/deliveries", s.handle(s.fetchNotificationDeliveries))
	r.Post("/api/farm/backups", s.handle(s.makeBackup))
	s.configurationRoutes(r)
	r.Get("/api/farm/files", s.handle(s.filesInfo))
	s.submissionRoutes(r)
	r.Post("/api/farm/files/collect", s.handle(s.collectFiles))

	r.Get("/socket.io/", s.handle(s.socketIO)) //       ?EIO=3 ?transport=websocket
	r.Get("/api/v3/openapi3.json", s.handle(s.openAPIJSON))
	s.pageRoutes(r, pages, o)
	return r
}

// farmWorker has what only the workers of Farm ask for, who prove who they are.
func (s *Server) farmWorker(r chi.Router) {
	r.Get("/api/farm/worker/needs", s.handle(s.worker(s.workerNeeds)))
	r.Get("/api/farm/worker/blenders", s.handle(s.worker(s.fetchBlenderOffers)))
	r.Get("/api/farm/worker/blenders/{sha256}", s.handle(s.worker(s.fetchBlender)))
	r.Put("/api/farm/worker/facts", s.handle(s.worker(s.setWorkerFacts)))
	r.Put("/api/farm/worker/in-use", s.handle(s.worker(s.setWorkerInUse)))
	r.Post("/api/farm/worker/task/{task_id}/second-run", s.handle(s.worker(s.endSecondRun))) // Prefer: wait
	r.Get("/api/farm/worker/task/{task_id}/files", s.handle(s.worker(ofTask(s.fetchTaskFiles))))
	r.Get("/api/farm/worker/task/{task_id}/file", s.handle(s.worker(ofTask(s.fetchTaskFile))))     // ?path= Range
	r.Put("/api/farm/worker/task/{task_id}/file", s.handle(s.worker(ofTask(s.saveTaskFile))))      // ?path= ?sha256= ?size= ?mode= Upload-Offset
	r.Get("/api/farm/worker/task/{task_id}/upload", s.handle(s.worker(ofTask(s.fetchTaskUpload)))) // ?path= ?sha256= ?size=
	r.Put("/api/farm/worker/unable", s.handle(s.worker(s.setWorkerUnable)))
}

// configurationRoutes has what the page of settings and the set-up assistant need.
func (s *Server) configurationRoutes(r chi.Router) {
	r.Get("/api/farm/setup", s.handle(s.fetchSetUp))
	r.Post("/api/farm/setup/storage", s.handle(s.setUpStorage))
	r.Get("/api/farm/setup/programs", s.handle(s.findSetUpPrograms))
	r.Post("/api/farm/setup/blender", s.handle(s.setUpBlender))
	r.Post("/api/farm/setup/network", s.handle(s.setUpNetwork))
	r.Post("/api/farm/setup/done", s.handle(s.endSetUp))
	r.Get("/api/farm/configuration", s.handle(s.fetchConfiguration))
	r.Post("/api/farm/configuration", s.handle(s.changeConfiguration))
	r.Post("/api/farm/configuration/reload", s.handle(s.reloadConfiguration))
}

// frameRoutes has what frames cost, the frames, what people wrote about them, and what jobs made.
func (s *Server) frameRoutes(r chi.Router) {
	r.Get("/api/farm/jobs/{job_id}/costs", s.handle(s.fetchJobCosts))
	r.Get("/api/farm/jobs/{job_id}/frames", s.handle(s.fetchJobFrames)) //    ?limit= ?after=
	r.Get("/api/farm/tasks/{task_id}/attempts", s.handle(s.fetchTaskAttempts))
	r.Get("/api/farm/tasks/{task_id}/frames/{frame}/picture", s.handle(s.fetchFramePicture)) //    ?size= ?v=
	r.Get("/api/farm/tasks/{task_id}/frames/{frame}/file", s.handle(s.fetchFrameFile))
	r.Get("/api/farm/jobs/{job_id}/comments", s.handle(s.fetchJobComments))
	r.Post("/api/farm/jobs/{job_id}/comments", s.handle(s.addJobComment))
	r.Delete("/api/farm/jobs/{job_id}/comments/{comment}", s.handle(s.removeJobComment))
	r.Get("/api/farm/jobs/{job_id}/output", s.handle(s.fetchJobOutput)) //    ?platform=
	r.Get("/api/farm/jobs/{job_id}/video", s.handle(s.fetchJobVideo))   //    ?download=  Range
	r.Get("/api/farm/jobs/{job_id}/frames.zip", s.handle(s.downloadFrames))
	r.Post("/api/farm/jobs/{job_id}/rerender", s.handle(s.rerenderJob))
	r.Get("/api/farm/now", s.handle(s.fetchFarmNow))
	r.Get("/api/farm/workers/{worker_id}/history", s.handle(s.fetchWorkerHistory))
	r.Get("/api/farm/workers/{worker_id}/costs", s.handle(s.fetchWorkerCosts))
}

// pageRoutes has what people, load balancers and Prometheus look at.
func (s *Server) pageRoutes(r chi.Router, pages *pages, o Options) {
	s.joinRoutes(r)
	s.updateRoutes(r)
	r.Get("/api/v3/swagger-ui", redirect("swagger-ui/"))
	r.Get("/api/v3/swagger-ui/*", pages.below("vendor/swagger-ui"))
	r.Get("/signin", s.handle(s.showSignIn))
	r.Post("/signin", s.handle(s.signIn))
	r.Get("/farm-addon.zip", s.handle(s.addonZip))
	r.Get("/flamenco-addon.zip", s.handle(s.addonZip)) //      where users of Flamenco look for it
	r.Get("/flamenco3-addon.zip", moved("flamenco-addon.zip"))
	if o.Description != nil {
		r.Get("/upnp/description.xml", describe(o.Description))
	}
	r.Get("/job-files/*", s.handle(s.jobFile))
	r.Get("/", redirect("app/"))
	r.Get("/app", redirect("app/"))
	r.With(compressed).Get("/app/*", pages.app)
	r.With(compressed).Get("/vendor/*", pages.below("vendor"))
	r.Get("/docs", redirect("docs/"))
	r.Get("/docs/*", pages.below("docs"))
	r.Get("/metrics", s.handle(s.metrics))
	for _, method := range []string{http.MethodGet, http.MethodHead} { // load balancers ask with either
		r.Method(method, "/healthz", s.handle(healthy))
		r.Method(method, "/readyz", s.handle(s.ready))
	}
	r.Get("/favicon.ico", pages.icon)
	r.Get("/favicon.png", pages.icon)
}

// compressed is for answers that may be long.
var compressed = middleware.Compress(5, "application/json", "text/html", "text/css", "text/javascript", "image/svg+xml")

// v3 is the protocol that Flamenco's workers and add-on speak, in the order of
// its index of operations.
func (s *Server) v3(r chi.Router) {
	s.v3Meta(r)
	s.v3Workers(r)
	s.v3Jobs(r)
	s.v3Shaman(r)
}

// v3Meta has the routes about the manager itself.
func (s *Server) v3Meta(r chi.Router) {
	h := s.handle

	r.Get("/version", h(s.getVersion))
	r.Get("/configuration", h(s.getConfiguration))
	r.Post("/configuration/check/shared-storage", h(s.checkSharedStoragePath))
	r.Get("/configuration/check/blender", h(s.findBlenderExePath))
	r.Post("/configuration/check/blender", h(s.checkBlenderExePath))
	r.Post("/configuration/setup-assistant", h(s.saveSetupAssistantConfig))
	r.Get("/configuration/file", h(s.getConfigurationFile))
	r.Put("/configuration/file", h(s.updateConfigurationFile))
	r.Get("/configuration/variables/{audience}/{platform}", h(s.getVariables))
	r.Get("/configuration/shared-storage/{audience}/{platform}", h(s.getSharedStorage))
	r.Get("/status", h(s.getFarmStatus))
}

// v3Workers has first the routes for workers, which prove who they are, then those about them.
func (s *Server) v3Workers(r chi.Router) {
	h, w := s.handle, s.worker

	r.Post("/worker/register-worker", h(s.registerWorker))
	r.Post("/worker/sign-on", h(w(s.signOn))) //                              Farm-Time-Zone
	r.Post("/worker/sign-off", h(w(s.signOff)))
	r.Get("/worker/state", h(w(s.workerState))) //                            Prefer: wait
	r.Post("/worker/state-changed", h(w(s.workerStateChanged)))
	r.Post("/worker/task", h(w(s.scheduleTask))) //                           Prefer: wait
	r.Post("/worker/task/{task_id}", h(w(s.taskUpdate)))
	r.Get("/worker/task/{task_id}/may-i-run", h(w(s.mayWorkerRun))) //        Prefer: wait
	r.Post("/worker/task/{task_id}/output-produced", h(w(s.taskOutputProduced)))

	r.Get("/worker-mgt/workers", h(s.fetchWorkers))
	r.Get("/worker-mgt/workers/{worker_id}", h(s.fetchWorker))
	r.Delete("/worker-mgt/workers/{worker_id}", h(s.deleteWorker))
	r.Post("/worker-mgt/workers/{worker_id}/setstatus", h(s.requestWorkerStatusChange))
	r.Post("/worker-mgt/workers/{worker_id}/settags", h(s.setWorkerTags))
	r.Get("/worker-mgt/workers/{worker_id}/sleep-schedule", h(s.fetchWorkerSleepSchedule))
	r.Post("/worker-mgt/workers/{worker_id}/sleep-schedule", h(s.setWorkerSleepSchedule))
	r.Get("/worker-mgt/tags", h(s.fetchWorkerTags))
	r.Post("/worker-mgt/tags", h(s.createWorkerTag))
	r.Get("/worker-mgt/tag/{tag_id}", h(s.fetchWorkerTag))
	r.Put("/worker-mgt/tag/{tag_id}", h(s.updateWorkerTag))
	r.Delete("/worker-mgt/tag/{tag_id}", h(s.deleteWorkerTag))
}

// v3Jobs has the routes about jobs and tasks. Lists may be long, and are compressed.
func (s *Server) v3Jobs(r chi.Router) {
	h := s.handle

	r.Get("/jobs/types", h(s.getJobTypes))
	r.Get("/jobs/type/{type_name}", h(s.getJobType))
	r.With(compressed).Get("/jobs", h(s.fetchJobs)) //                              ?limit= ?after= ?status=
	r.Post("/jobs", h(s.submitJob))
	r.Post("/jobs/check", h(s.submitJobCheck))
	r.Delete("/jobs/mass-delete", h(s.deleteJobMass))
	r.Get("/jobs/last-rendered", h(s.fetchGlobalLastRenderedInfo))
	r.Get("/jobs/{job_id}", h(s.fetchJob))
	r.Delete("/jobs/{job_id}", h(s.deleteJob))
	r.Get("/jobs/{job_id}/what-would-delete-do", h(s.deleteJobWhatWouldItDo))
	r.Get("/jobs/{job_id}/last-rendered", h(s.fetchJobLastRenderedInfo))
	r.Post("/jobs/{job_id}/setstatus", h(s.setJobStatus))
	r.Post("/jobs/{job_id}/setpriority", h(s.setJobPriority))
	r.Post("/jobs/{job_id}/settag", h(s.setJobTag))
	r.With(compressed).Get("/jobs/{job_id}/tasks", h(s.fetchJobTasks)) //     ?limit= ?after= ?status=
	r.Get("/jobs/{job_id}/blocklist", h(s.fetchJobBlocklist))
	r.Delete("/jobs/{job_id}/blocklist", h(s.removeJobBlocklist))

	r.Get("/tasks/{task_id}", h(s.fetchTask))
	r.Get("/tasks/{task_id}/log", h(s.fetchTaskLogInfo))
	r.Get("/tasks/{task_id}/logtail", h(s.fetchTaskLogTail))
	r.Post("/tasks/{task_id}/setstatus", h(s.setTaskStatus))
}

// v3Shaman has the routes of the file store.
func (s *Server) v3Shaman(r chi.Router) {
	h := s.handle

	r.Post("/shaman/checkout/requirements", h(s.shamanCheckoutRequirements))
	r.Post("/shaman/checkout/create", h(s.shamanCheckout))
	r.Get("/shaman/files/{checksum}/{filesize}", h(s.shamanFileStoreCheck)) // Upload-Offset
	r.Post("/shaman/files/{checksum}/{filesize}", h(s.shamanFileStore))     //     Upload-Offset
}

// moved is a redirect for good. The target is relative to the folder of the route.
func moved(to string) http.HandlerFunc { return redirectWith(http.StatusPermanentRedirect, to) }

// redirect is a redirect for this time. The target is relative to the folder of the route.
func redirect(to string) http.HandlerFunc { return redirectWith(http.StatusTemporaryRedirect, to) }

// redirectWith answers with the target as it is. http.Redirect would make an absolute
// path of it, which leads somewhere else behind a proxy that serves the manager below
// a path: the manager does not know that path.
func redirectWith(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}
